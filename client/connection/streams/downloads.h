#ifndef SUMSCOPE_CLIENT_CONNECTION_STREAMS_DOWNLOADS_H_
#define SUMSCOPE_CLIENT_CONNECTION_STREAMS_DOWNLOADS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/connection/streams/stream_keeper.h"
#include "proto/contract/text/sha256.h"
#include "sumscope/v1/activations.pb.h"

// The files that Connection receives, by functions of the same names.
namespace sumscope::client::streams {

absl::Status DownloadCheckpoint(const std::string& name, const std::function<absl::Status(absl::string_view)>& on_bytes,
                                StreamKeeper* keeper);
absl::Status ReadTensor(v1::ReadTensorRequest request, Sha256* before,
                        const std::function<absl::Status(absl::string_view)>& on_bytes, StreamKeeper* keeper);
absl::Status DownloadCapture(v1::DownloadCaptureRequest request, Sha256* before,
                             const std::function<absl::Status(absl::string_view)>& on_bytes, StreamKeeper* keeper);

}  // namespace sumscope::client::streams

#endif  // SUMSCOPE_CLIENT_CONNECTION_STREAMS_DOWNLOADS_H_

#ifndef SUMSCOPE_CLIENT_CONNECTION_STREAMS_UPLOADS_H_
#define SUMSCOPE_CLIENT_CONNECTION_STREAMS_UPLOADS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/connection/streams/stream_keeper.h"
#include "client/files/input_file.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/runs.pb.h"

// What Connection sends, weights and questions, by functions of the same names. Each attempt begins at the first byte:
// the server knows an import by its request_id, a question set by its content.
namespace sumscope::client::streams {

absl::StatusOr<v1::UploadedQuestionSet> UploadQuestionSet(uint32_t n_digits, absl::string_view lines,
                                                          StreamKeeper* keeper);
// `patience` is how the file is waited for.
absl::StatusOr<v1::Run> ImportRun(v1::ImportHeader header, const std::string& path, const InputPatience& patience,
                                  StreamKeeper* keeper);

}  // namespace sumscope::client::streams

#endif  // SUMSCOPE_CLIENT_CONNECTION_STREAMS_UPLOADS_H_

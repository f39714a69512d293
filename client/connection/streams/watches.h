#ifndef SUMSCOPE_CLIENT_CONNECTION_STREAMS_WATCHES_H_
#define SUMSCOPE_CLIENT_CONNECTION_STREAMS_WATCHES_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/connection/streams/stream_keeper.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/queue.pb.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/sweeps.pb.h"

// The streams of events, metrics and states that Connection has as functions of the same names.
namespace sumscope::client::streams {

// `get_run(name)` reads the run again, for an expired token.
absl::StatusOr<v1::Run> WatchRun(const std::string& name,
                                 const std::function<absl::StatusOr<v1::Run>(const std::string&)>& get_run,
                                 const std::function<absl::Status(const v1::WatchRunResponse&)>& on_event,
                                 StreamKeeper* keeper);
absl::Status StreamMetrics(v1::StreamMetricsRequest request,
                           const std::function<absl::Status(const v1::MetricBlock&)>& on_block, StreamKeeper* keeper);
absl::StatusOr<v1::Analysis> WatchAnalysis(const std::string& name,
                                           const std::function<absl::Status(const v1::Analysis&)>& on_change,
                                           StreamKeeper* keeper);
absl::StatusOr<v1::Sweep> WatchSweep(const std::string& name,
                                     const std::function<absl::Status(const v1::Sweep&)>& on_change,
                                     StreamKeeper* keeper);
absl::Status WatchDevices(absl::Duration interval,
                          const std::function<absl::Status(const v1::ListDevicesResponse&)>& on_look,
                          StreamKeeper* keeper);

}  // namespace sumscope::client::streams

#endif  // SUMSCOPE_CLIENT_CONNECTION_STREAMS_WATCHES_H_

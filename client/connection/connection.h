#ifndef SUMSCOPE_CLIENT_CONNECTION_CONNECTION_H_
#define SUMSCOPE_CLIENT_CONNECTION_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/base/backoff.h"
#include "client/base/cancellation.h"
#include "client/connection/channel/connection_options.h"
#include "proto/contract/text/sha256.h"
#include "sumscope/v1/activations.pb.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/facts.pb.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope::client {

class ServerChannel;
class StreamKeeper;
class UnaryStub;

// The one seam between commands and a server: every call of sumscope.v1 as a function, errors with their google.rpc
// details, lost connections mended.
//
// A call is repeated after a lost connection only where unary/methods.h says that it does no harm: reads, changes that
// are the same when made twice, and creations, whose request_id is filled when empty. Streams go on where they broke:
// nothing is delivered twice, nothing left out, and success means that the end mark came.
//
// Errors beside the methods' own: UNAVAILABLE SERVER_UNREACHABLE, NOT_A_SUMSCOPE_SERVER; DEADLINE_EXCEEDED
// CALL_TIMED_OUT, SERVER_SILENT where nothing was heard at all; CANCELLED when the user wants to stop. Confined to one
// thread, but for Cancellation::Cancel.
class Connection {
 public:
  // Connects at the first call. The pointers must outlive the connection.
  Connection(ConnectionOptions options, Sleeper* sleeper, Cancellation* cancellation);
  ~Connection();

  const std::string& address() const;
  // Told when a stream lost its server, before each new attempt.
  void set_on_reconnect(std::function<void(const absl::Status&)> observer);

  absl::StatusOr<v1::Run> CreateRun(v1::CreateRunRequest request);
  absl::StatusOr<v1::Run> GetRun(const std::string& name);
  // One page.
  absl::StatusOr<v1::ListRunsResponse> ListRuns(const v1::ListRunsRequest& request);
  absl::StatusOr<v1::Run> UpdateRun(const v1::UpdateRunRequest& request);
  absl::StatusOr<v1::Run> CancelRun(const std::string& name);
  absl::StatusOr<v1::Run> ResumeRun(const std::string& name);
  absl::StatusOr<v1::Run> RetryRun(const std::string& name);
  absl::StatusOr<v1::Run> DeleteRun(const std::string& name);
  absl::StatusOr<v1::Run> UndeleteRun(const std::string& name);
  absl::StatusOr<v1::ListMetricsResponse> ListMetrics(const v1::ListMetricsRequest& request);
  absl::StatusOr<v1::ListLogsResponse> ListLogs(const v1::ListLogsRequest& request);
  absl::StatusOr<v1::ListCheckpointsResponse> ListCheckpoints(const std::string& name);
  absl::StatusOr<v1::CreateAnalysisResponse> CreateAnalysis(v1::CreateAnalysisRequest request);
  absl::StatusOr<v1::Analysis> GetAnalysis(const std::string& name);
  absl::StatusOr<v1::ListAnalysesResponse> ListAnalyses(const v1::ListAnalysesRequest& request);
  absl::StatusOr<v1::Analysis> CancelAnalysis(const std::string& name);
  absl::Status DeleteAnalysis(const std::string& name);
  absl::StatusOr<v1::ListFactsResponse> ListFacts(const v1::ListFactsRequest& request);
  absl::StatusOr<v1::UploadedQuestionSet> GetQuestionSet(const std::string& name);
  absl::StatusOr<v1::ListQuestionSetsResponse> ListQuestionSets(const v1::ListQuestionSetsRequest& request);
  absl::StatusOr<v1::Capture> GetCapture(const std::string& name);
  absl::StatusOr<v1::ListCapturesResponse> ListCaptures(const v1::ListCapturesRequest& request);
  absl::Status DeleteCapture(const std::string& name);
  absl::StatusOr<v1::ServerInfo> GetServerInfo(const v1::GetServerInfoRequest& request);

  // Streams. `name` must be an exact resource name: a prefix or @last could mean another run after a reconnect. A
  // callback's error ends the stream and is returned.

  // Every event of a run up to the end mark, whose run is returned. When the resume token is too old the run is read
  // again and events that came meanwhile are left out.
  absl::StatusOr<v1::Run> WatchRun(const std::string& name,
                                   const std::function<absl::Status(const v1::WatchRunResponse&)>& on_event);
  // Blocks of consecutive steps from request.first_step on. DATA_LOSS METRICS_GAP when the server leaves steps out.
  absl::Status StreamMetrics(v1::StreamMetricsRequest request,
                             const std::function<absl::Status(const v1::MetricBlock&)>& on_block);
  // A checkpoint's safetensors file in pieces, complete and with the announced SHA-256 when this returns OK; DATA_LOSS
  // CHECKPOINT_CORRUPT otherwise.
  absl::Status DownloadCheckpoint(const std::string& name,
                                  const std::function<absl::Status(absl::string_view)>& on_bytes);
  // The analysis at each change, until it has ended.
  absl::StatusOr<v1::Analysis> WatchAnalysis(const std::string& name,
                                             const std::function<absl::Status(const v1::Analysis&)>& on_change);
  // One tensor's bytes from request.offset on; `before` has taken the tensor's earlier bytes. Of a whole tensor
  // (length 0) the SHA-256 is checked at the end. DATA_LOSS CAPTURE_CORRUPT.
  absl::Status ReadTensor(v1::ReadTensorRequest request, Sha256* before,
                          const std::function<absl::Status(absl::string_view)>& on_bytes);
  // A capture as one safetensors file from request.offset on, checked in the same way.
  absl::Status DownloadCapture(v1::DownloadCaptureRequest request, Sha256* before,
                               const std::function<absl::Status(absl::string_view)>& on_bytes);
  // Uploads questions, one a line.
  absl::StatusOr<v1::UploadedQuestionSet> UploadQuestionSet(uint32_t n_digits, absl::string_view lines);
  // Uploads a file, a pipe or, for "-", the standard input: fills total_bytes, sha256 and request_id of `header`.
  // NOT_FOUND FILE_NOT_READABLE; INVALID_ARGUMENT FILE_NOT_REGULAR; RESOURCE_EXHAUSTED IMPORT_TOO_LARGE.
  absl::StatusOr<v1::Run> ImportRun(v1::ImportHeader header, const std::string& path);

 private:
  // The method that takes `request`, by the stub and its decorators.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(Request request);

  Sleeper* const sleeper_;
  Cancellation* const cancellation_;
  // The stub and the streams share the channel.
  const std::unique_ptr<ServerChannel> channel_;
  const std::unique_ptr<UnaryStub> stub_;
  const std::unique_ptr<StreamKeeper> streams_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_CONNECTION_H_

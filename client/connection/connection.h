#ifndef SUMSCOPE_CLIENT_CONNECTION_CONNECTION_H_
#define SUMSCOPE_CLIENT_CONNECTION_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/base/backoff.h"
#include "client/base/cancellation.h"
#include "client/connection/unary/methods.h"
#include "client/connection/ways/connection_options.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/sha256.h"
#include "sumscope/v1/activations.pb.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/facts.pb.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/queue.pb.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/sweeps.pb.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope::client {

class ServerChannel;
class StreamKeeper;

// The one seam between commands and a server: every call of sumscope.v1, errors with their google.rpc
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

  // The unary method that takes `request` (unary/methods.h), and its answer. A list gives one page.
  template <typename Request>
  absl::StatusOr<ResponseOf<Request>> Call(Request request) {
    constexpr Method kMethod = MethodOf<Request>();
    if constexpr (kMethod.repeat == Repeat::kRequestId) {
      if (request.request_id().empty()) request.set_request_id(NewRequestId());
    }
    ResponseOf<Request> response;
    SUMSCOPE_RETURN_IF_ERROR(Send(kMethod, request, &response));
    return response;
  }

  // Methods that take a resource name and nothing else.
  absl::StatusOr<v1::Run> GetRun(const std::string& name);
  absl::StatusOr<v1::Run> CancelRun(const std::string& name);
  absl::StatusOr<v1::Run> ResumeRun(const std::string& name);
  absl::StatusOr<v1::Run> RetryRun(const std::string& name);
  absl::StatusOr<v1::Run> DeleteRun(const std::string& name);
  absl::StatusOr<v1::Run> UndeleteRun(const std::string& name);
  absl::StatusOr<v1::ListCheckpointsResponse> ListCheckpoints(const std::string& name);
  absl::StatusOr<v1::Analysis> GetAnalysis(const std::string& name);
  absl::StatusOr<v1::Analysis> CancelAnalysis(const std::string& name);
  absl::Status DeleteAnalysis(const std::string& name);
  absl::StatusOr<v1::UploadedQuestionSet> GetQuestionSet(const std::string& name);
  absl::StatusOr<v1::Capture> GetCapture(const std::string& name);
  absl::Status DeleteCapture(const std::string& name);
  absl::StatusOr<v1::Sweep> GetSweep(const std::string& name);
  absl::StatusOr<v1::Sweep> CancelSweep(const std::string& name);
  absl::StatusOr<v1::Sweep> RetrySweep(const std::string& name);
  absl::Status DeleteSweep(const std::string& name);

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
  // The sweep at each change, until all of it has ended.
  absl::StatusOr<v1::Sweep> WatchSweep(const std::string& name,
                                       const std::function<absl::Status(const v1::Sweep&)>& on_change);
  // The devices at each change, and every `interval`, until the user wants to stop: it never returns OK.
  absl::Status WatchDevices(absl::Duration interval,
                            const std::function<absl::Status(const v1::ListDevicesResponse&)>& on_look);
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
  static std::string NewRequestId();
  // Calls by the stub and its decorators.
  absl::Status Send(const Method& method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite* response);

  Sleeper* const sleeper_;
  Cancellation* const cancellation_;
  // The stub and the streams share the channel.
  const std::unique_ptr<ServerChannel> channel_;
  const std::unique_ptr<UnaryStub> stub_;
  const std::unique_ptr<StreamKeeper> streams_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_CONNECTION_H_

#ifndef SUMSCOPE_SERVER_RPC_SERVE_UPLOAD_CALL_H_
#define SUMSCOPE_SERVER_RPC_SERVE_UPLOAD_CALL_H_

#include <chrono>
#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/errors.h"
#include "server/rpc/call.h"
#include "server/rpc/serve/upload_desk.h"

namespace sumscope::rpc {

// What an upload's handler reads its messages from.
template <typename Request>
class UploadReader {
 public:
  virtual ~UploadReader() = default;
  // Takes the next message; false after the last. ABORTED UPLOAD_SILENT when none comes in time; CANCELLED.
  virtual absl::StatusOr<bool> Read(Request* message) = 0;
};

// One client-streaming call, whose handler blocks in a thread of the desk while gRPC's own never do. A synchronous
// handler could not tell a silent client why its call ends: only the thread that waits for it may answer. Owns itself
// from Serve on.
template <typename Request, typename Response>
class UploadCall final : public grpc::ServerReadReactor<Request>, private UploadReader<Request> {
 public:
  using Handler = std::function<absl::StatusOr<Response>(UploadReader<Request>*)>;

  // The reactor of a call. What the handler returns is the answer.
  static grpc::ServerReadReactor<Request>* Serve(grpc::CallbackServerContext* context, UploadDesk* desk,
                                                 absl::Duration patience, Response* response, Handler handler) {
    auto* const call = new UploadCall(context, patience);
    const absl::Status started = desk->Start([call, response, handler = std::move(handler)] {
      absl::StatusOr<Response> result = handler(call);
      call->Finish(Answer(std::move(result), response));  // the call may be gone when this returns
    });
    if (!started.ok()) call->Finish(ToGrpc(started));
    return call;
  }

  void OnReadDone(bool ok) override {
    MutexLock lock(&mutex_);
    state_ = ok ? State::kRead : State::kEnded;
    changed_.NotifyAll();
  }
  void OnDone() override { delete this; }

 private:
  enum class State { kIdle, kReading, kRead, kEnded };

  UploadCall(grpc::CallbackServerContext* context, absl::Duration patience) : context_(context), patience_(patience) {}

  absl::StatusOr<bool> Read(Request* message) override {
    {
      MutexLock lock(&mutex_);
      if (state_ == State::kEnded) return false;
      state_ = State::kReading;
    }
    this->StartRead(&message_);
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(patience_);
    MutexLock lock(&mutex_);
    while (state_ == State::kReading) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return Silent();
      changed_.WaitFor(&mutex_, left);
    }
    if (state_ == State::kEnded) {
      if (context_->IsCancelled()) return absl::CancelledError("the client went away");
      return false;
    }
    *message = std::move(message_);
    return true;
  }

  absl::Status Silent() const {
    return MakeError(
        absl::StatusCode::kAborted, "UPLOAD_SILENT",
        absl::StrCat("the upload was given up: nothing came for ", absl::FormatDuration(patience_), "; send it again"));
  }

  grpc::CallbackServerContext* const context_;
  const absl::Duration patience_;
  Request message_;  // gRPC's while a read is under way
  Mutex mutex_;
  CondVar changed_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kIdle;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_UPLOAD_CALL_H_

#ifndef SUMSCOPE_SERVER_RPC_SERVE_UPLOAD_CALL_H_
#define SUMSCOPE_SERVER_RPC_SERVE_UPLOAD_CALL_H_

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <new>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "server/rpc/serve/to_grpc.h"
#include "server/rpc/serve/transfer/upload_desk.h"

namespace sumscope::rpc {

// What an upload's handler reads its messages from.
template <typename Request>
class UploadReader {
 public:
  virtual ~UploadReader() = default;
  // Takes the next message; false after the last. ABORTED UPLOAD_SILENT when none comes in time, UPLOAD_TOO_SLOW when
  // all of them come too slowly; CANCELLED.
  virtual absl::StatusOr<bool> Read(Request* message) = 0;
};

// How slowly an upload may come before its place goes to others. Only waiting for the client counts, not what the
// handler does meanwhile.
struct UploadPace {
  absl::Duration silence = limits::kMaxUploadSilence;  // between two messages
  absl::Duration free = absl::Minutes(1);              // of waiting, altogether, that nothing is asked for
  double bytes_per_second = 10'000;                    // for the waiting beyond; a poor line has ten times that
};

// One client-streaming call, whose handler blocks in a thread of the desk while gRPC's own never do. A synchronous
// handler could not tell a silent client why its call ends: only the thread that waits for it may answer. Owns itself
// from Serve on.
template <typename Request>
class UploadCall final : public grpc::ServerReadReactor<Request>, private UploadReader<Request> {
 public:
  using Handler = std::function<absl::Status(UploadReader<Request>*)>;

  using Refused = std::function<void(const absl::Status&)>;

  // The reactor of a call. `refused` hears of it in gRPC's thread when the desk has no place, and must not wait. What
  // the handler returns is its status; what it throws is RESOURCE_EXHAUSTED OUT_OF_MEMORY or INTERNAL HANDLER_FAILED.
  static grpc::ServerReadReactor<Request>* Serve(
      grpc::CallbackServerContext* context, UploadDesk* desk, const UploadPace& pace, Handler handler,
      const Refused& refused = [](const absl::Status&) {}) {
    auto* const call = new UploadCall(context, pace);
    const absl::Status started = desk->Start([call, handler = std::move(handler)] {
      call->Finish(Handle(handler, call));  // the call may be gone when this returns
    });
    if (!started.ok()) {
      refused(started);
      call->Finish(ToGrpc(started));
    }
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
  using Steady = std::chrono::steady_clock;

  UploadCall(grpc::CallbackServerContext* context, const UploadPace& pace) : context_(context), pace_(pace) {}

  // The desk's threads are ours: what is thrown there would end the server.
  static grpc::Status Handle(const Handler& handler, UploadCall* call) {
    try {
      return ToGrpc(handler(call));
    } catch (const std::bad_alloc&) {
      return ToGrpc(WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                                             "the server has no memory left for the upload; send it again in a moment"),
                                   absl::Seconds(5)));
    } catch (const std::exception& error) {
      return ToGrpc(MakeError(absl::StatusCode::kInternal, "HANDLER_FAILED",
                              absl::StrCat("the server failed at the upload; the fault is its own: ", error.what())));
    }
  }

  absl::StatusOr<bool> Read(Request* message) override {
    {
      MutexLock lock(&mutex_);
      if (state_ == State::kEnded) return false;
      state_ = State::kReading;
    }
    this->StartRead(&message_);
    const Steady::time_point began = Steady::now();
    SUMSCOPE_RETURN_IF_ERROR(WaitForRead(began + absl::ToChronoMilliseconds(pace_.silence)));
    {
      MutexLock lock(&mutex_);
      if (state_ == State::kEnded) {
        if (context_->IsCancelled()) return absl::CancelledError("the client went away");
        return false;
      }
    }
    *message = std::move(message_);
    bytes_ += message->ByteSizeLong();
    waited_ += absl::FromChrono(Steady::now() - began);
    const double due = absl::ToDoubleSeconds(waited_ - pace_.free) * pace_.bytes_per_second;
    if (static_cast<double>(bytes_) >= due) return true;
    return MakeError(absl::StatusCode::kAborted, "UPLOAD_TOO_SLOW",
                     absl::StrCat("the upload was given up: ", bytes_, " bytes came in ",
                                  absl::FormatDuration(absl::Ceil(waited_, absl::Milliseconds(1))), ", less than ",
                                  pace_.bytes_per_second, " a second; send it again over a better line"));
  }

  // Until the read that was started is over. ABORTED UPLOAD_SILENT.
  absl::Status WaitForRead(Steady::time_point deadline) {
    MutexLock lock(&mutex_);
    while (state_ == State::kReading) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now());
      if (left.count() <= 0) {
        return MakeError(absl::StatusCode::kAborted, "UPLOAD_SILENT",
                         absl::StrCat("the upload was given up: nothing came for ", absl::FormatDuration(pace_.silence),
                                      "; send it again"));
      }
      changed_.WaitFor(&mutex_, left);
    }
    return absl::OkStatus();
  }

  grpc::CallbackServerContext* const context_;
  const UploadPace pace_;
  // Of the handler's thread.
  Request message_;  // gRPC's while a read is under way
  uint64_t bytes_ = 0;
  absl::Duration waited_;

  Mutex mutex_;
  CondVar changed_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kIdle;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_UPLOAD_CALL_H_

#include "server/rpc/serve/call_watch.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "google/rpc/status.pb.h"
#include "grpc/grpc.h"
#include "grpcpp/server_context.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "server/rpc/serve/to_grpc.h"

namespace sumscope::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

constexpr char kReflection[] = "/grpc.reflection.";
constexpr char kHealthWatch[] = "/grpc.health.v1.Health/Watch";

// The error that a client gets in place of one without a reason.
absl::Status Named(const grpc::Status& status, bool unreadable) {
  if (unreadable) {
    return MakeError(absl::StatusCode::kInvalidArgument, "REQUEST_UNREADABLE",
                     "the request is no message of this method: its bytes are damaged, or a text in it is not UTF-8");
  }
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    return MakeError(absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN",
                     "this server has no such method; reflection lists those it has");
  }
  if (status.error_code() == grpc::StatusCode::UNKNOWN) {  // gRPC's word for what a handler threw
    return MakeError(absl::StatusCode::kInternal, "HANDLER_FAILED",
                     "the server failed at this call; the fault is its own, be it a lack of memory or an error in it");
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

bool HasReason(const grpc::Status& status) {
  google::rpc::Status details;
  return details.ParseFromString(status.error_details()) && !ErrorReason(FromRpcStatus(details)).empty();
}

// A call to be cancelled once no mutex is held: what a cancellation completes may run at once, and comes to the watch.
class End {
 public:
  End(grpc_call* call, grpc_status_code code, const char* text) : call_(call), code_(code), text_(text) {
    grpc_call_ref(call_);
  }
  void Cancel() {
    grpc_call_cancel_with_status(call_, code_, text_, nullptr);
    grpc_call_unref(call_);
  }

 private:
  grpc_call* call_;
  grpc_status_code code_;
  const char* text_;
};

}  // namespace

// One call. Created when a thread takes it, where its method is not served by callbacks, and destroyed when all of it
// is over. How long it waited for that thread nobody can tell: gRPC gives no time of its arrival.
class CallWatch::Call final : public grpc::experimental::Interceptor {
 public:
  Call(CallWatch* watch, ServerRpcInfo* info) : watch_(watch), info_(info), came_(watch->clock_->Monotonic()) {}

  ~Call() override {
    {
      MutexLock lock(&watch_->mutex_);
      watch_->sending_.erase(this);
      auto& reflecting = watch_->reflecting_;
      reflecting.erase(std::remove(reflecting.begin(), reflecting.end(), this), reflecting.end());
    }
    if (seat_ != nullptr) watch_->Leave(row_, connection_);
    watch_->connections_->CallEnded(connection_);
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    const auto at = [methods](InterceptionHookPoints point) { return methods->QueryInterceptionHookPoint(point); };
    if (at(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      connection_ = watch_->connections_->CallBegan(info_->server_context()->peer());
      TakeSeat();
    }
    if (seat_ != nullptr && at(InterceptionHookPoints::POST_RECV_MESSAGE)) Heard();
    if (at(InterceptionHookPoints::POST_RECV_MESSAGE) && HasOneRequest()) {
      unreadable_ = methods->GetRecvMessage() == nullptr;
    }
    // A small answer waits with its status: gRPC calls a message sent once its own buffers hold it.
    if (at(InterceptionHookPoints::PRE_SEND_MESSAGE) || at(InterceptionHookPoints::PRE_SEND_STATUS)) SetSending(true);
    if (at(InterceptionHookPoints::POST_SEND_MESSAGE)) SetSending(false);
    if (at(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      if (!status.ok() && !HasReason(status)) methods->ModifySendStatus(ToGrpc(Named(status, unreadable_)));
      if (info_->type() == ServerRpcInfo::Type::UNARY) {
        watch_->times_.Record(info_->method(), watch_->clock_->Monotonic() - came_, !status.ok());
      }
    }
    methods->Proceed();
  }

  grpc_call* call() const { return info_->server_context()->c_call(); }
  uint64_t connection() const { return connection_; }

  // The watch's mutex guards these.
  absl::Duration sending_since, heard;
  bool cancelled = false;

 private:
  bool HasOneRequest() const {
    return info_->type() == ServerRpcInfo::Type::UNARY || info_->type() == ServerRpcInfo::Type::SERVER_STREAMING;
  }

  void TakeSeat() {
    row_ = watch_->RowFor(info_->method());
    if (row_ == nullptr) return;
    absl::StatusOr<std::unique_ptr<Seats::Seat>> seat = watch_->Enter(row_, connection_);
    if (!seat.ok()) {
      const std::string text = absl::StrCat(ErrorReason(seat.status()), ": ", seat.status().message());
      grpc_call_cancel_with_status(call(), GRPC_STATUS_RESOURCE_EXHAUSTED, text.c_str(), nullptr);
      return;
    }
    seat_ = *std::move(seat);
    if (row_ == &watch_->reflections_) watch_->Reflect(this);
  }

  void Heard() {
    MutexLock lock(&watch_->mutex_);
    heard = watch_->clock_->Monotonic();
  }

  void SetSending(bool sending) {
    MutexLock lock(&watch_->mutex_);
    sending_since = watch_->clock_->Monotonic();
    if (sending) {
      watch_->sending_.insert(this);
    } else {
      watch_->sending_.erase(this);
    }
  }

  CallWatch* const watch_;
  ServerRpcInfo* const info_;
  const absl::Duration came_;
  uint64_t connection_ = 0;
  Row* row_ = nullptr;
  std::unique_ptr<Seats::Seat> seat_;
  bool unreadable_ = false;
};

class CallWatch::Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(CallWatch* watch) : watch_(watch) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new Call(watch_, info);
  }

 private:
  CallWatch* const watch_;
};

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> CallWatch::Interceptors() {
  return std::make_unique<Factory>(this);
}

CallWatch::Row* CallWatch::RowFor(absl::string_view method) {
  if (absl::StartsWith(method, kReflection)) return &reflections_;
  return method == kHealthWatch ? &health_watches_ : nullptr;
}

absl::StatusOr<std::unique_ptr<Seats::Seat>> CallWatch::Enter(Row* row, uint64_t connection) {
  MutexLock lock(&mutex_);
  const auto taken = row->taken.find(connection);
  if (connection != 0 && taken != row->taken.end() && taken->second >= row->share) {
    return row->seats.Refusal(row->share, " of one connection");
  }
  auto seat = row->seats.Enter();
  if (seat.ok()) ++row->taken[connection];
  return seat;
}

void CallWatch::Leave(Row* row, uint64_t connection) {
  MutexLock lock(&mutex_);
  if (--row->taken[connection] == 0) row->taken.erase(connection);
}

void CallWatch::Reflect(Call* call) {
  absl::optional<End> oldest;
  {
    MutexLock lock(&mutex_);
    call->heard = clock_->Monotonic();
    reflecting_.push_back(call);
    const auto kept = [call](const Call* other) {
      return !other->cancelled && other->connection() == call->connection();
    };
    if (std::count_if(reflecting_.begin(), reflecting_.end(), kept) > static_cast<ptrdiff_t>(kReflectionsKept)) {
      Call* const replaced = *std::find_if(reflecting_.begin(), reflecting_.end(), kept);
      replaced->cancelled = true;
      oldest.emplace(replaced->call(), GRPC_STATUS_ABORTED,
                     "REFLECTION_REPLACED: cut off: its connection opened others since; at most 2 stay open");
    }
  }
  if (oldest.has_value()) oldest->Cancel();
}

void CallWatch::EndStalled() {
  std::vector<End> ended;
  std::vector<uint64_t> stuck;
  {
    MutexLock lock(&mutex_);
    const absl::Duration now = clock_->Monotonic();
    const auto end = [&ended](Call* call, grpc_status_code code, const char* text) {
      if (!std::exchange(call->cancelled, true)) ended.emplace_back(call->call(), code, text);
    };
    for (Call* const call : sending_) {
      const absl::Duration waited = now - call->sending_since;
      if (waited > limits::kMaxSendStall + limits::kSendStallGrace) {
        stuck.push_back(call->connection());
      } else if (waited > limits::kMaxSendStall) {
        end(call, GRPC_STATUS_UNAVAILABLE,
            "cut off: the client took nothing of what it asked for in a minute; ask again, downloads and watches go on "
            "from where they were");
      }
    }
    for (Call* const call : reflecting_) {
      if (now - call->heard <= kMaxReflectionSilence) continue;
      end(call, GRPC_STATUS_ABORTED, "REFLECTION_SILENT: cut off: nothing was asked here in a minute; open another");
    }
  }
  for (End& end : ended) end.Cancel();
  for (const uint64_t connection : stuck) connections_->ShutDown(connection);
}

}  // namespace sumscope::rpc

#include "server/rpc/serve/road.h"

#include "absl/strings/str_cat.h"
#include "server/auth/rights.h"

namespace sumscope::rpc {
namespace {

// Tells the hooks of the end of a call, however it ends.
class End {
 public:
  End(const std::vector<CallHook*>& hooks, const RoadCall& call) : hooks_(hooks), call_(call) {}
  ~End() {
    for (CallHook* const hook : hooks_) hook->OnEnded(call_, status_);
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  absl::Status Of(absl::Status status) { return status_ = std::move(status); }

 private:
  const std::vector<CallHook*>& hooks_;
  const RoadCall& call_;
  absl::Status status_ = absl::UnknownError("the handler threw");
};

}  // namespace

std::string MethodTaking(const google::protobuf::Descriptor* request) {
  const google::protobuf::FileDescriptor* const file = request->file();
  for (int s = 0; s < file->service_count(); ++s) {
    const google::protobuf::ServiceDescriptor* const service = file->service(s);
    for (int m = 0; m < service->method_count(); ++m) {
      if (service->method(m)->input_type() != request) continue;
      return absl::StrCat("/", service->full_name(), "/", service->method(m)->name());
    }
  }
  return "";
}

absl::Status Road::Serve(const std::string& peer, std::string method,
                         absl::FunctionRef<absl::Status(const auth::Caller&)> handler) const {
  RoadCall call{std::move(method), std::nullopt};
  End end(hooks_, call);
  absl::StatusOr<auth::Caller> caller = authenticator_->Authenticate(peer);
  if (!caller.ok()) return end.Of(caller.status());
  call.caller = *std::move(caller);
  if (absl::Status right = auth::CheckRole(*call.caller, call.method); !right.ok()) return end.Of(std::move(right));
  for (CallHook* const hook : hooks_) hook->OnAdmitted(call);
  return end.Of(handler(*call.caller));
}

}  // namespace sumscope::rpc

#include "server/rpc/serve/road.h"

#include "absl/strings/str_cat.h"
#include "server/rpc/serve/gate/ownership.h"

namespace sumscope::rpc {

// What is told of one call when it has ended, however it ends: its row of the audit, then its hooks.
class Road::Journey {
 public:
  Journey(const Road& road, const Entry& entry) : road_(road), call_{entry.method, entry.peer, std::nullopt} {
    const auth::Right* const right = auth::FindRight(entry.method);
    if (right != nullptr && right->mutates) audit_ = road_.audit_->Begin(entry.method, entry.peer, entry.request);
  }
  ~Journey() {
    if (audit_.has_value()) road_.audit_->End(call_.peer, status_, &*audit_);
    for (CallHook* const hook : road_.parts_.hooks) hook->OnEnded(call_, status_);
  }
  Journey(const Journey&) = delete;
  Journey& operator=(const Journey&) = delete;

  auth::Caller* SetCaller(auth::Caller caller) {
    if (audit_.has_value()) {
      AuditBook::SetCaller(caller, &*audit_);
      caller.audit = &*audit_;
    }
    call_.caller = std::move(caller);
    return &*call_.caller;
  }
  void SetRefused(const auth::Refused& refused) {
    if (audit_.has_value()) AuditBook::SetRefused(refused, &*audit_);
  }
  void TellAdmitted() const {
    for (CallHook* const hook : road_.parts_.hooks) hook->OnAdmitted(call_);
  }
  absl::Status Ends(absl::Status status) { return status_ = std::move(status); }

 private:
  const Road& road_;
  RoadCall call_;
  std::optional<storage::CallAudit> audit_;
  absl::Status status_ = absl::UnknownError("the handler threw");
};

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

Road::Road(RoadParts parts)
    : parts_(std::move(parts)),
      audit_(std::make_unique<AuditBook>(parts_.catalog, parts_.clock)),
      limits_(std::make_unique<CallLimits>(parts_.user_limits, parts_.clock)),
      lasting_(std::make_unique<LastingCalls>(parts_.authenticator)) {}

absl::Status Road::Admit(const Entry& entry, auth::Caller* caller) const {
  SUMSCOPE_RETURN_IF_ERROR(limits_->Count(*caller));
  SUMSCOPE_RETURN_IF_ERROR(auth::CheckRole(*caller, entry.method));
  const auth::Right* const right = auth::FindRight(entry.method);
  if (entry.request == nullptr || right == nullptr) return absl::OkStatus();
  return CheckOwnership(parts_.catalog, *right, *entry.request, caller);
}

void Road::TurnAway(const Entry& entry, const absl::Status& status) const {
  const auth::Right* const right = auth::FindRight(entry.method);
  if (right == nullptr || !right->mutates) return;
  audit_->EndLater(entry.peer, status, audit_->Begin(entry.method, entry.peer, entry.request));
}

absl::Status Road::Serve(const Entry& entry, absl::FunctionRef<absl::Status(const auth::Caller&)> handler) const {
  Journey journey(*this, entry);
  auth::Refused refused;
  absl::StatusOr<auth::Caller> known = parts_.authenticator->Authenticate(entry.peer, &refused);
  if (!known.ok()) {
    journey.SetRefused(refused);
    return journey.Ends(known.status());
  }
  auth::Caller* const caller = journey.SetCaller(*std::move(known));
  if (absl::Status admitted = Admit(entry, caller); !admitted.ok()) return journey.Ends(std::move(admitted));
  if (!entry.lasting.has_value()) {
    journey.TellAdmitted();
    return journey.Ends(handler(*caller));
  }
  const auto place = limits_->Enter(*caller, *entry.lasting);
  if (!place.ok()) return journey.Ends(place.status());
  const auto open = lasting_->Add(*caller, entry.call);
  journey.TellAdmitted();
  absl::Status status = handler(*caller);
  // What was done before it was ended is done.
  if (absl::Status verdict = open->verdict(); !status.ok() && !verdict.ok()) status = std::move(verdict);
  return journey.Ends(std::move(status));
}

}  // namespace sumscope::rpc

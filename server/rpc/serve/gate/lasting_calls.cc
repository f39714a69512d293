#include "server/rpc/serve/gate/lasting_calls.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpc/grpc.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {
namespace {

// Equal for callers of whom the authenticator says the same.
std::string KeyOf(const auth::Caller& caller) {
  return absl::StrCat(caller.name, "\n", static_cast<int>(caller.role), "\n", caller.credential, "\n",
                      caller.certificate, "\n", caller.token, "\n",
                      caller.uid.has_value() ? absl::StrCat(*caller.uid) : "", "\n",
                      absl::FormatTime(caller.expires.value_or(absl::InfiniteFuture())));
}

bool Refuses(const absl::Status& status) { return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status); }

}  // namespace

LastingCalls::Entry::Entry(LastingCalls* calls, auth::Caller caller, grpc_call* call)
    : calls_(calls), caller_(std::move(caller)), call_(call) {
  MutexLock lock(&calls_->mutex_);
  calls_->verdicts_[this] = absl::OkStatus();
}

LastingCalls::Entry::~Entry() {
  MutexLock lock(&calls_->mutex_);
  calls_->verdicts_.erase(this);
}

absl::Status LastingCalls::Entry::verdict() const {
  MutexLock lock(&calls_->mutex_);
  return calls_->verdicts_.at(this);
}

std::unique_ptr<LastingCalls::Entry> LastingCalls::Add(auth::Caller caller, grpc_call* call) {
  caller.audit = nullptr;  // it is of the call's thread
  return std::make_unique<Entry>(this, std::move(caller), call);
}

void LastingCalls::EndRefused() {
  std::map<std::string, auth::Caller> callers;
  {
    MutexLock lock(&mutex_);
    for (const auto& [entry, verdict] : verdicts_) callers.emplace(KeyOf(entry->caller_), entry->caller_);
  }
  std::map<std::string, absl::Status> refused;
  for (const auto& [key, caller] : callers) {
    // One that cannot be looked up now is looked up again.
    if (absl::Status status = authenticator_->Recheck(caller); Refuses(status)) refused[key] = std::move(status);
  }
  if (refused.empty()) return;
  std::vector<std::pair<grpc_call*, absl::Status>> ended;
  {
    MutexLock lock(&mutex_);
    for (auto& [entry, verdict] : verdicts_) {
      const auto refusal = refused.find(KeyOf(entry->caller_));
      if (refusal == refused.end() || !verdict.ok()) continue;
      verdict = refusal->second;
      if (entry->call_ == nullptr) continue;
      grpc_call_ref(entry->call_);
      ended.emplace_back(entry->call_, verdict);
    }
  }
  // Without the mutex: what a cancellation completes may run here.
  for (const auto& [call, status] : ended) {
    const std::string text = absl::StrCat(ErrorReason(status), ": ", status.message());
    grpc_call_cancel_with_status(call, static_cast<grpc_status_code>(status.code()), text.c_str(), nullptr);
    grpc_call_unref(call);
  }
}

}  // namespace sumscope::rpc

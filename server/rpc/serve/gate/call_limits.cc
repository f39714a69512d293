#include "server/rpc/serve/gate/call_limits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {
namespace {

constexpr absl::Duration kShortestRetry = absl::Milliseconds(100);  // what a client can show

absl::Status Exceeded(const char* reason, const std::string& user, const std::string& limit, absl::Duration retry) {
  const std::string text = absl::StrCat(user, " may ", limit);
  const absl::Status error =
      MakeError(absl::StatusCode::kResourceExhausted, reason, text, {{"user", absl::StrCat("users/", user)}});
  return WithQuotaFailure(WithRetryAfter(error, retry), absl::StrCat("user:", user), limit);
}

}  // namespace

CallLimits::Account& CallLimits::AccountOf(const std::string& user) {
  if (accounts_.size() >= limits::kMaxCountedUsers && accounts_.count(user) == 0) ForgetQuiet();
  const TokenBucket full(limits_.burst, limits_.calls_per_second, clock_->Monotonic());
  return accounts_.try_emplace(user, Account{full}).first->second;
}

void CallLimits::ForgetQuiet() {
  const absl::Duration now = clock_->Monotonic();
  for (auto at = accounts_.begin(); at != accounts_.end();) {
    const Account& account = at->second;
    const bool quiet = account.streams == 0 && account.uploads == 0 && account.calls.IsFull(now);
    at = quiet ? accounts_.erase(at) : std::next(at);
  }
}

absl::Status CallLimits::Count(const auth::Caller& caller) {
  if (caller.unlimited) return absl::OkStatus();
  MutexLock lock(&mutex_);
  Account& account = AccountOf(caller.name);
  if (account.calls.Take(clock_->Monotonic())) return absl::OkStatus();
  return Exceeded("TOO_MANY_CALLS", caller.name,
                  absl::StrCat("make ", limits_.calls_per_second, " calls a second, and ", limits_.burst, " at once"),
                  std::max(absl::Ceil(account.calls.Wait(), absl::Milliseconds(1)), kShortestRetry));
}

absl::StatusOr<std::unique_ptr<CallLimits::Place>> CallLimits::Enter(const auth::Caller& caller, Lasting kind) {
  if (caller.unlimited) return std::unique_ptr<Place>();
  const bool streams = kind == Lasting::kStream;
  const size_t maximum = streams ? limits_.streams : limits_.uploads;
  {
    MutexLock lock(&mutex_);
    Account& account = AccountOf(caller.name);
    size_t& open = streams ? account.streams : account.uploads;
    if (open < maximum) {
      ++open;
      return std::make_unique<Place>(this, caller.name, kind);
    }
  }
  return Exceeded(streams ? "TOO_MANY_STREAMS" : "TOO_MANY_UPLOADS", caller.name,
                  absl::StrCat("have ", maximum, streams ? " watches and downloads" : " uploads", " open at once"),
                  absl::Seconds(5));
}

void CallLimits::Leave(const std::string& user, Lasting kind) {
  MutexLock lock(&mutex_);
  Account& account = accounts_.at(user);
  --(kind == Lasting::kStream ? account.streams : account.uploads);
}

}  // namespace sumscope::rpc

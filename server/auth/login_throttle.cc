#include "server/auth/login_throttle.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/back_off.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/process/address_network.h"

namespace sumscope::auth {

absl::Status LoginThrottle::Refuse(const std::string& origin, absl::Status refusal) {
  absl::Duration delay;
  {
    MutexLock lock(&mutex_);
    delay = Count(origin);
    if (delay == absl::ZeroDuration()) return refusal;
    const auto waiting = waiting_.find(origin);
    const int of_origin = waiting == waiting_.end() ? 0 : waiting->second;
    if (waiting_calls_ >= limits::kMaxWaitingLogins || of_origin >= limits::kMaxWaitingLoginsOfAddress) {
      return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_LOGINS",
                                      absl::StrCat("too many logins failed from ", origin,
                                                   "; wait a moment, then try again with a good credential")),
                            limits::kLoginDelayMax);
    }
    ++waiting_[origin];
    ++waiting_calls_;
  }
  wait_(delay);
  MutexLock lock(&mutex_);
  --waiting_calls_;
  if (--waiting_[origin] == 0) waiting_.erase(origin);
  return refusal;
}

absl::Duration LoginThrottle::Count(const std::string& origin) {
  const absl::Duration now = clock_->Monotonic();
  ForgetOld(now);
  const auto known = by_name_.find(origin);
  if (known != by_name_.end()) {
    origins_.splice(origins_.end(), origins_, known->second);
  } else {
    if (origins_.size() >= limits::kMaxLoginAddresses) {
      by_name_.erase(origins_.front().name);
      origins_.pop_front();
    }
    origins_.push_back({origin, 0, now});
    by_name_[origin] = std::prev(origins_.end());
  }
  Origin& last = origins_.back();
  last.last = now;
  if (last.failures < std::numeric_limits<int>::max()) ++last.failures;
  if (last.failures <= limits::kFreeLogins) return absl::ZeroDuration();
  return BackOffDelay(last.failures - limits::kFreeLogins, limits::kLoginDelayFirst, limits::kLoginDelayMax);
}

void LoginThrottle::ForgetOld(absl::Duration now) {
  while (!origins_.empty() && now - origins_.front().last >= limits::kLoginMemory) {
    by_name_.erase(origins_.front().name);
    origins_.pop_front();
  }
}

int LoginThrottle::Failures(const std::string& origin) {
  MutexLock lock(&mutex_);
  ForgetOld(clock_->Monotonic());
  const auto known = by_name_.find(origin);
  return known == by_name_.end() ? 0 : known->second->failures;
}

std::string LoginThrottle::DebugString() {
  MutexLock lock(&mutex_);
  std::string text = absl::StrCat("logins: ", origins_.size(), " origins failed, ", waiting_calls_, " wait");
  const auto most = std::max_element(origins_.begin(), origins_.end(),
                                     [](const Origin& a, const Origin& b) { return a.failures < b.failures; });
  if (most != origins_.end()) absl::StrAppend(&text, ", most often ", most->name, " (", most->failures, " times)");
  return text;
}

std::string LoginOrigin(const Peer& peer) {
  if (peer.way == Way::kSocket && peer.uid.has_value()) return absl::StrCat("uid ", *peer.uid);
  return NetworkOf(peer.address);
}

}  // namespace sumscope::auth

#include "server/jobs/scheduling/user_shares.h"

#include <utility>

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::jobs {

absl::Status UserShares::Refresh() {
  std::map<std::string, v1::Role> roles;
  SUMSCOPE_RETURN_IF_ERROR(context_->catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    std::string token;
    do {
      SUMSCOPE_ASSIGN_OR_RETURN(const storage::UserPage page, reader.users().List(limits::kMaxPageSize, token));
      for (const v1::User& user : page.users) roles[IdOf(user.name())] = user.role();
      token = page.next_page_token;
    } while (!token.empty());
    return absl::OkStatus();
  }));
  MutexLock lock(&mutex_);
  roles_ = std::move(roles);
  return absl::OkStatus();
}

void UserShares::Learn(const storage::Actor& actor) {
  MutexLock lock(&mutex_);
  if (!actor.viewer().sees_everything()) roles_.insert({actor.user(), v1::MEMBER});  // a viewer makes no jobs
}

v1::Role UserShares::RoleOf(const std::string& user) const {
  const auto found = roles_.find(user);
  return found == roles_.end() ? v1::ADMIN : found->second;
}

UserLimits UserShares::LimitsOf(const std::string& user) {
  MutexLock lock(&mutex_);
  return context_->options.shares.LimitsOf(user, RoleOf(user));
}

Shares UserShares::Now(const std::set<std::string>& owners) {
  const SharePolicy& policy = context_->options.shares;
  Shares shares;
  for (const auto& [user, seconds] : context_->metering.Usage()) shares[user].device_seconds = seconds;
  for (const std::string& owner : owners) shares.try_emplace(owner);
  MutexLock lock(&mutex_);
  for (auto& [user, share] : shares) {
    share.weight = policy.WeightOf(user);
    share.running_limit = policy.LimitsOf(user, RoleOf(user)).running.value_or(0);
  }
  return shares;
}

}  // namespace sumscope::jobs

#include "server/devices/return_watch.h"

#include <algorithm>

namespace sumscope::devices {

void ReturnWatch::Add(const std::string& device, int64_t pid, uint64_t baseline, absl::Duration now) {
  const auto same = [&](const Watch& watch) { return watch.device == device && watch.pid == pid; };
  watches_.erase(std::remove_if(watches_.begin(), watches_.end(), same), watches_.end());
  watches_.push_back({device, pid, baseline, now + kReturnTime});
}

std::vector<ReturnWatch::Outcome> ReturnWatch::Step(
    absl::Duration now, const std::function<uint64_t(const std::string& device, int64_t pid)>& held) {
  std::vector<Outcome> decided;
  std::vector<Watch> open;
  for (const Watch& watch : watches_) {
    const uint64_t bytes = held(watch.device, watch.pid);
    const bool returned = bytes <= watch.baseline || bytes - watch.baseline <= kReturnTolerance;
    if (returned || now >= watch.until) {
      decided.push_back({watch.device, watch.pid, returned, watch.baseline, bytes});
    } else {
      open.push_back(watch);
    }
  }
  watches_ = std::move(open);
  return decided;
}

}  // namespace sumscope::devices

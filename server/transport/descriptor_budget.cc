#include "server/transport/descriptor_budget.h"

#include <sys/resource.h>

#include <algorithm>

#include "proto/contract/limits.h"

namespace sumscope::transport {

DescriptorBudget DivideDescriptors(uint64_t limit) {
  const uint64_t reserve = std::min<uint64_t>(limits::kReservedDescriptors, limit - limit / 4);
  DescriptorBudget budget;
  budget.limit = limit;
  budget.first_connection = static_cast<int>(reserve);
  budget.connections = std::min<uint64_t>(limits::kMaxConnections, limit - reserve);
  return budget;
}

DescriptorBudget RaiseDescriptorLimit() {
  rlimit descriptors = {};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return DivideDescriptors(limits::kReservedDescriptors);
  const rlim_t wanted = std::min<rlim_t>(descriptors.rlim_max, limits::kWantedDescriptors);
  if (descriptors.rlim_cur < wanted) {
    const rlim_t before = descriptors.rlim_cur;
    descriptors.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &descriptors) != 0) descriptors.rlim_cur = before;
  }
  return DivideDescriptors(std::min<uint64_t>(descriptors.rlim_cur, limits::kWantedDescriptors));
}

}  // namespace sumscope::transport

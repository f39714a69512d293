#include "server/jobs/scheduling/policy/standings.h"

#include <algorithm>

namespace sumscope::jobs {
namespace {

// Between looks at two users of which one catches up with the other.
constexpr absl::Duration kLeastLook = absl::Milliseconds(10);

}  // namespace

int ClassOf(v1::Priority priority) {
  switch (priority) {
    case v1::LOW:
      return 1;
    case v1::HIGH:
      return 3;
    default:
      return 2;
  }
}

double ChargeOf(v1::Priority priority, const SharePolicy& policy) {
  return priority == v1::LOW ? policy.low_charge : 1;
}

double SliceSeconds(double expected_seconds, const SharePolicy& policy) {
  const double slice = absl::ToDoubleSeconds(policy.slice);
  return expected_seconds > 0 ? std::min(expected_seconds, slice) : slice;
}

bool Fits(const storage::Job& job, const SlotState& slot) {
  return slot.memory_bytes == 0 || job.memory_bytes <= slot.memory_bytes;
}

bool FitsAfter(const storage::Job& job, const SlotState& slot) {
  const uint64_t freed = slot.running.has_value() ? slot.running->memory_bytes : 0;
  // A slot that comes free may have more than is known by then.
  return slot.memory_bytes == 0 || job.memory_bytes <= slot.memory_bytes + freed;
}

Yield YieldTo(const storage::Job& job, const RunningJob& running) {
  const int waits = ClassOf(job.priority), runs = ClassOf(running.priority);
  if (!running.training || waits < runs) return Yield::kNever;
  if (waits > runs) return job.priority == v1::HIGH ? Yield::kAtOnce : Yield::kAtSliceEnd;
  return job.owner == running.owner ? Yield::kNever : Yield::kAtSliceEnd;
}

absl::Duration YieldTime(const Situation& situation, const storage::Job& job, const Standing& owner,
                         const RunningJob& running, const Standing& holder) {
  const Yield yield = YieldTo(job, running);
  if (yield == Yield::kNever) return absl::InfiniteDuration();
  if (yield == Yield::kAtOnce) return situation.now;
  const absl::Duration slice_end = running.since + situation.policy.slice;
  if (ClassOf(job.priority) > ClassOf(running.priority)) return slice_end;
  const double tie = absl::ToDoubleSeconds(situation.policy.slice) * kTie / holder.weight;
  const double behind = owner.taken + tie - holder.taken;
  if (behind < 0) return slice_end;
  absl::Duration passes = holder.rate_grows;
  if (holder.rate > owner.rate) {
    passes = std::min(passes, situation.now + absl::Seconds(behind / (holder.rate - owner.rate)));
  }
  return std::max({slice_end, passes, situation.now + kLeastLook});
}

Standings::Standings(const Situation& situation) : situation_(situation) {
  for (const auto& [name, slot] : situation.fleet) {
    if (!slot.running.has_value()) continue;
    const RunningJob& job = *slot.running;
    Standing& standing = Of(job.owner);
    const double charge = ChargeOf(job.priority, situation.policy) / standing.weight;
    const absl::Duration uncharged = std::max(situation.now - job.charged_until, absl::ZeroDuration());
    standing.taken += absl::ToDoubleSeconds(uncharged) * charge;
    if (!slot.quick) Count(job);
    const double had = absl::ToDoubleSeconds(situation.now - job.since);
    const double to_take = SliceSeconds(job.expected_seconds, situation.policy) - had;
    if (slot.quick || job.stopping || to_take <= 0) {
      standing.rate += charge;
    } else {
      standing.taken += to_take * charge;
      standing.rate_grows = std::min(standing.rate_grows, situation.now + absl::Seconds(to_take));
    }
  }
}

void Standings::Count(const RunningJob& job) {
  ++Of(job.owner).running;
  if (!job.training || job.sweep.empty()) return;
  ++trainings_[job.sweep];
}

Standing& Standings::Of(const std::string& owner) {
  const auto [found, is_new] = of_owner_.try_emplace(owner);
  Standing& standing = found->second;
  if (!is_new) return standing;
  const auto share = situation_.shares.find(owner);
  if (share == situation_.shares.end()) return standing;
  if (share->second.weight > 0) standing.weight = share->second.weight;
  standing.taken = share->second.device_seconds / standing.weight;
  standing.limit = share->second.running_limit;
  return standing;
}

bool Standings::SweepMayStart(const std::string& sweep) const {
  if (sweep.empty()) return true;
  const auto limit = situation_.sweeps.find(sweep);
  if (limit == situation_.sweeps.end() || limit->second == 0) return true;
  const auto counted = trainings_.find(sweep);
  return counted == trainings_.end() || counted->second < limit->second;
}

void Standings::Promise(const storage::Job& job, bool own, Standing* standing) {
  standing->taken += SliceSeconds(job.expected_seconds, situation_.policy) * ChargeOf(job.priority, situation_.policy) /
                     standing->weight;
  if (!own) ++standing->running;
  const std::string& sweep = ReadyJobs::GroupOf(job);
  if (!sweep.empty()) ++trainings_[sweep];
}

}  // namespace sumscope::jobs

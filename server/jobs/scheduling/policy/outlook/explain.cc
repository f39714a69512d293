#include "server/jobs/scheduling/policy/outlook/explain.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/jobs/scheduling/policy/outlook/start_order.h"
#include "server/jobs/scheduling/policy/standings.h"

namespace sumscope::jobs {
namespace {

constexpr uint64_t kMebibyte = 1 << 20;

std::string Counted(size_t count, const char* one, const char* many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// When the job is expected to end; InfiniteDuration where nobody knows.
absl::Duration EndOf(const RunningJob& running) {
  if (running.expected_seconds <= 0) return absl::InfiniteDuration();
  return running.since + absl::Seconds(running.expected_seconds);
}

// Ids, the earliest first.
std::vector<std::string> InOrder(std::vector<std::pair<absl::Duration, std::string>> holders) {
  std::sort(holders.begin(), holders.end());
  std::vector<std::string> ids;
  ids.reserve(holders.size());
  for (auto& [until, id] : holders) ids.push_back(std::move(id));
  return ids;
}

}  // namespace

struct Explainer::Facts {
  struct Lane {
    Slots open, closed;
    std::vector<std::string> closed_names;
    std::vector<std::string> holders;  // by when they are expected to end
  };

  explicit Facts(const Situation& situation) : standings(situation) {}

  // mutable: asking for a user that nothing is known of makes a row.
  mutable Standings standings;
  Lane quick, ordinary;
  bool quick_open = false;
  std::unordered_map<const storage::Job*, size_t> before;

  const Lane& LaneOf(const storage::Job& job) const { return job.quick && quick_open ? quick : ordinary; }
};

Explainer::~Explainer() = default;

Explainer::Explainer(const Situation& situation) : situation_(situation) {
  auto facts = std::make_unique<Facts>(situation_);
  StartOrder order = OrderOf(situation_);
  order_ = std::move(order.jobs);
  startable_ = order.startable;
  for (size_t i = 0; i < startable_; ++i) facts->before[order_[i]] = i < order.quick ? i : i - order.quick;
  facts->quick_open = QuickLaneIsOpen(situation_.fleet);
  std::vector<std::pair<absl::Duration, std::string>> quick, ordinary;
  for (const auto& entry : situation_.fleet) {
    const auto& [name, slot] = entry;
    Facts::Lane& lane = slot.quick ? facts->quick : facts->ordinary;
    if (!slot.closed.empty()) {
      lane.closed.push_back(&entry);
      lane.closed_names.push_back(name);
      continue;
    }
    lane.open.push_back(&entry);
    if (slot.running.has_value()) {
      (slot.quick ? quick : ordinary).emplace_back(EndOf(*slot.running), slot.running->job);
    }
  }
  facts->quick.holders = InOrder(std::move(quick));
  facts->ordinary.holders = InOrder(std::move(ordinary));
  facts_ = std::move(facts);
}

WaitReason Explainer::Explain(const storage::Job& job) const {
  WaitReason why;
  if (!job.held_by.empty()) return {"HELD", "it waits until it is released", {}, {}, 0};
  if (!job.dependencies.empty()) {
    return {"DEPENDENCY",
            absl::StrCat("it waits for ", Counted(job.dependencies.size(), "run", "runs"), " to succeed"),
            {},
            {},
            0};
  }
  if (situation_.queue.IsRefused(job)) {
    return {job.reason.empty() ? "STORAGE_ERROR" : job.reason,
            job.detail.empty() ? "storage refuses it for now; it is tried again" : job.detail,
            {},
            {},
            0};
  }
  const Facts::Lane& lane = facts_->LaneOf(job);
  const bool in_quick_lane = &lane == &facts_->quick;
  const auto before = facts_->before.find(&job);
  if (before != facts_->before.end()) why.before = before->second;
  why.closed_slots = lane.closed_names;
  const Standing& owner = facts_->standings.Of(job.owner);
  if (!in_quick_lane && Bound(job, owner, &why)) return why;
  if (lane.open.empty()) return Closed(lane.closed, std::move(why));
  if (TooLarge(job, lane.open, &why)) return why;
  if (why.before > 0) {
    why.reason = "PRIORITY";
    why.detail = absl::StrCat(Counted(why.before, "job starts", "jobs start"), " before it");
    why.holders = lane.holders;
    return why;
  }
  return Next(job, owner, lane.open, std::move(why));
}

bool Explainer::Bound(const storage::Job& job, const Standing& owner, WaitReason* why) const {
  const std::string& sweep = ReadyJobs::GroupOf(job);
  const bool user = !owner.MayStart();
  if (!user && facts_->standings.SweepMayStart(sweep)) return false;
  std::vector<std::pair<absl::Duration, std::string>> holders;
  for (const auto& [name, slot] : situation_.fleet) {
    if (slot.quick || !slot.running.has_value()) continue;
    const RunningJob& running = *slot.running;
    if (user ? running.owner == job.owner : running.training && running.sweep == sweep) {
      holders.emplace_back(EndOf(running), running.job);
    }
  }
  why->reason = "USER_LIMIT";
  // Without numbers: of private jobs they would tell whoever may see this one.
  why->detail =
      user ? "its owner has as many jobs running as they may" : "its sweep has as many trainings running as it may";
  why->holders = InOrder(std::move(holders));
  why->before = 0;
  return true;
}

WaitReason Explainer::Closed(const Slots& closed, WaitReason why) {
  // What goes by itself before what somebody has to mend.
  for (const char* reason : {"DEVICE_BUSY_OUTSIDE", "DRAINING", "DEVICE_LOST", "NO_WORKER"}) {
    for (const Fleet::value_type* slot : closed) {
      if (slot->second.closed != reason) continue;
      why.reason = reason;
      why.detail = slot->second.closed_detail;
      return why;
    }
  }
  why.reason = closed.empty() ? "NO_WORKER" : closed.front()->second.closed;
  why.detail = closed.empty() ? "no slot is configured that takes it" : closed.front()->second.closed_detail;
  return why;
}

bool Explainer::TooLarge(const storage::Job& job, const Slots& open, WaitReason* why) {
  uint64_t most = 0;
  std::vector<std::pair<absl::Duration, std::string>> holders;
  for (const Fleet::value_type* slot : open) {
    if (FitsAfter(job, slot->second)) return false;
    const auto& running = slot->second.running;
    most = std::max(most, slot->second.memory_bytes + (running.has_value() ? running->memory_bytes : 0));
    if (running.has_value()) holders.emplace_back(EndOf(*running), running->job);
  }
  why->reason = "DEVICE_MEMORY";
  why->detail = absl::StrCat("it needs ", job.memory_bytes / kMebibyte, " MiB, and no slot has more than ",
                             most / kMebibyte, " MiB for it");
  why->holders = InOrder(std::move(holders));
  return true;
}

WaitReason Explainer::Next(const storage::Job& job, const Standing& owner, const Slots& open, WaitReason why) const {
  std::vector<std::pair<absl::Duration, std::string>> yielding, running;
  const bool is_lane = open.front()->second.quick;
  bool idle = false, coming = false;
  for (const Fleet::value_type* slot : open) {
    const SlotState& state = slot->second;
    if (!FitsAfter(job, state)) continue;
    idle |= state.idle && Fits(job, state);
    coming |= !state.idle && (!state.running.has_value() || state.running->stopping);
    if (!state.running.has_value()) continue;
    const RunningJob& holder = *state.running;
    running.emplace_back(holder.stopping ? situation_.now : EndOf(holder), holder.job);
    if (holder.stopping || state.quick) continue;
    const absl::Duration at = YieldTime(situation_, job, owner, holder, facts_->standings.Of(holder.owner));
    if (at < absl::InfiniteDuration()) yielding.emplace_back(at, holder.job);
  }
  if (!idle && running.empty() && job.reason == "NO_WORKER") {  // whoever looks after slots knows that none comes free
    why.reason = job.reason;
    why.detail = job.detail;
    return why;
  }
  if (idle || coming || yielding.empty()) {
    why.reason = "RESOURCES";
    why.detail = idle                ? "it is about to start"
                 : coming && is_lane ? "the worker of the quick lane is starting"
                 : coming            ? "a slot is about to come free"
                                     : "it is next, and starts when a slot comes free";
    why.holders = idle ? std::vector<std::string>() : InOrder(std::move(running));
    return why;
  }
  why.reason = "SLICE";
  why.detail = "it is next, and a training gives way to it at the end of its slice";
  why.holders = InOrder(std::move(yielding));
  return why;
}

}  // namespace sumscope::jobs

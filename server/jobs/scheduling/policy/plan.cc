#include "server/jobs/scheduling/policy/plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/jobs/scheduling/policy/lines.h"

namespace sumscope::jobs {
namespace {

// Of a line, where the first has no room: a plan takes no longer for a user with thousands of large jobs.
constexpr int kLookedAt = 16;
// Runs that storage refused, looked at in one plan.
constexpr int kProbesLookedAt = 16;

// Makes one plan.
class Planner {
 public:
  explicit Planner(const Situation& situation) : situation_(situation), standings_(situation) {
    for (const auto& [name, slot] : situation.fleet) quick_open_ |= slot.quick && slot.closed.empty();
  }

  std::optional<Plan::Start> Start();
  std::optional<Plan::Stop> Stop();
  // Set by Stop: when one may be due.
  absl::Duration look_again() const { return look_again_; }

 private:
  using Slot = Fleet::value_type;
  // A training that may have to give way.
  struct Seat {
    const Slot* slot;
    const RunningJob* running;
    const Standing* holder;
  };

  std::optional<Plan::Start> StartUntried();
  std::optional<Plan::Start> StartProbe();
  // The idle slot that the job takes; null for none.
  const Slot* SlotFor(const storage::Job& job, const Standing& standing) const;

  // Gives the job one of the slots that come free; false when it fits none.
  bool TakeComing(const storage::Job& job, Standing* standing);
  // Finds out who could give way, and which slots come free by themselves.
  void Sit();
  // The training that gives way to the job now; null for none. Says when one does later, and whether memory was in the
  // way.
  const Seat* SeatFor(const storage::Job& job, const Standing& standing);
  static bool GivesWayFirst(const Seat& a, const Seat& b);
  // Lines that may have slots which come free: those of the queue, and due probes, one each.
  std::vector<JobLine> WaitingLines();

  const Situation& situation_;
  Standings standings_;
  bool quick_open_ = false;
  std::vector<const Slot*> coming_;  // come free by themselves
  std::vector<Seat> seats_;
  bool too_large_ = false;
  absl::Duration look_again_ = absl::InfiniteDuration();
  std::vector<ReadyJobs::Groups> probes_;
};

const Planner::Slot* Planner::SlotFor(const storage::Job& job, const Standing& standing) const {
  const Slot* found = nullptr;
  for (const Slot& slot : situation_.fleet) {
    const SlotState& state = slot.second;
    if (!state.idle || !state.closed.empty() || !Fits(job, state)) continue;
    if (state.quick && job.quick) return &slot;
    if (!state.quick && found == nullptr && standing.MayStart()) found = &slot;
  }
  return found;
}

std::optional<Plan::Start> Planner::StartUntried() {
  const auto open = [this](const std::string& sweep) { return standings_.SweepMayStart(sweep); };
  std::vector<JobLine> lines = LinesOf(situation_.queue, &standings_, open);
  std::sort(lines.begin(), lines.end(), GoesBefore);
  for (JobLine& line : lines) {
    if (!line.standing->MayStart() && !line.head->quick) continue;
    for (int i = 0; i < kLookedAt && line.head != nullptr; ++i, line.Next(open)) {
      const Slot* slot = SlotFor(*line.head, *line.standing);
      if (slot != nullptr) return Plan::Start{line.head->id, slot->first};
    }
  }
  return std::nullopt;
}

std::optional<Plan::Start> Planner::StartProbe() {
  std::optional<Plan::Start> start;
  int left = kProbesLookedAt;
  situation_.queue.ForEachDueProbe(situation_.now, [&](const storage::Job& job) {
    if (standings_.SweepMayStart(ReadyJobs::GroupOf(job))) {
      const Slot* slot = SlotFor(job, standings_.Of(job.owner));
      if (slot != nullptr) start = Plan::Start{job.id, slot->first};
    }
    return !start.has_value() && --left > 0;
  });
  return start;
}

std::optional<Plan::Start> Planner::Start() {
  const bool any = std::any_of(situation_.fleet.begin(), situation_.fleet.end(),
                               [](const Slot& slot) { return slot.second.idle && slot.second.closed.empty(); });
  if (!any) return std::nullopt;
  const bool probe_first = !situation_.queue.probed_last();
  std::optional<Plan::Start> start = probe_first ? StartProbe() : StartUntried();
  if (start.has_value()) return start;
  return probe_first ? StartUntried() : StartProbe();
}

std::vector<JobLine> Planner::WaitingLines() {
  const auto open = [this](const std::string& sweep) { return standings_.SweepMayStart(sweep); };
  std::vector<JobLine> lines = LinesOf(situation_.queue, &standings_, open);
  probes_.reserve(kProbesLookedAt);
  situation_.queue.ForEachDueProbe(situation_.now, [&](const storage::Job& job) {
    const std::string& sweep = ReadyJobs::GroupOf(job);
    probes_.push_back({{sweep, {{ReadyJobs::PlaceOf(job), &job}}}});
    JobLine line{&job.owner, &standings_.Of(job.owner), LineWalk(probes_.back()), nullptr};
    line.Next(open);
    if (line.head != nullptr) lines.push_back(std::move(line));
    return probes_.size() < kProbesLookedAt;
  });
  return lines;
}

bool Planner::TakeComing(const storage::Job& job, Standing* standing) {
  const auto is_own = [&](const Slot* slot) {
    return slot->second.running.has_value() && slot->second.running->owner == job.owner;
  };
  const bool any = standing->MayStart();  // else in the place of one of its owner's
  const auto found = std::find_if(coming_.begin(), coming_.end(), [&](const Slot* slot) {
    return FitsAfter(job, slot->second) && (any || is_own(slot));
  });
  if (found == coming_.end()) return false;
  standings_.Promise(job, is_own(*found), standing);
  coming_.erase(found);
  return true;
}

bool Planner::GivesWayFirst(const Seat& a, const Seat& b) {
  const int class_a = ClassOf(a.running->priority), class_b = ClassOf(b.running->priority);
  if (class_a != class_b) return class_a < class_b;
  if (a.holder->taken != b.holder->taken) return a.holder->taken > b.holder->taken;
  return a.running->since < b.running->since;
}

const Planner::Seat* Planner::SeatFor(const storage::Job& job, const Standing& standing) {
  const Seat* first = nullptr;
  too_large_ = false;
  for (const Seat& seat : seats_) {
    if (!standing.MayStart() && seat.running->owner != job.owner) continue;  // only in the place of one of its own
    if (!FitsAfter(job, seat.slot->second)) {
      too_large_ = true;
      continue;
    }
    const absl::Duration at = YieldTime(situation_, job, standing, *seat.running, *seat.holder);
    if (at > situation_.now) {
      look_again_ = std::min(look_again_, at);
    } else if (first == nullptr || GivesWayFirst(seat, *first)) {
      first = &seat;
    }
  }
  return first;
}

void Planner::Sit() {
  for (const Slot& slot : situation_.fleet) {
    const SlotState& state = slot.second;
    if (!IsOrdinary(state) || state.idle) continue;
    if (!state.running.has_value() || state.running->stopping) {
      coming_.push_back(&slot);
    } else if (state.running->training) {
      seats_.push_back({&slot, &*state.running, &standings_.Of(state.running->owner)});
    }
  }
}

std::optional<Plan::Stop> Planner::Stop() {
  Sit();
  const auto open = [this](const std::string& sweep) { return standings_.SweepMayStart(sweep); };
  std::vector<JobLine> lines = WaitingLines();
  std::sort(lines.begin(), lines.end(), GoesBefore);
  for (auto line = lines.begin(); line != lines.end();) {
    const storage::Job& job = *line->head;
    bool goes_on = false;  // with the line's next
    if (!job.quick || !quick_open_) {
      const bool promised = TakeComing(job, line->standing);
      if (!promised) {
        const Seat* seat = SeatFor(job, *line->standing);
        if (seat != nullptr) {
          const bool higher = ClassOf(job.priority) > ClassOf(seat->running->priority);
          return Plan::Stop{seat->running->job, seat->slot->first, higher ? "PRIORITY" : "SLICE", job.id};
        }
      }
      goes_on = promised || (too_large_ && ++line->looked_at < kLookedAt);
      line->Next(open);
      if (promised) {
        line = lines.erase(lines.begin(), line);
        if (line->head == nullptr) line = lines.erase(line);
        std::sort(lines.begin(), lines.end(), GoesBefore);
        continue;
      }
    }
    if (!goes_on || line->head == nullptr) ++line;
  }
  return std::nullopt;
}

}  // namespace

Plan MakePlan(const Situation& situation) {
  Plan plan;
  const JobQueue& queue = situation.queue;
  const absl::Duration now = situation.now;
  const bool may_try = queue.ready().size() > 0 || queue.DueProbe(now) != nullptr;
  if (queue.paused_until() > now) {
    if (may_try) {
      plan.look_again = queue.paused_until();
    } else if (queue.NextProbe(now) < absl::InfiniteDuration()) {
      plan.look_again = std::max(queue.NextProbe(now), queue.paused_until());
    }
    return plan;
  }
  plan.look_again = queue.NextProbe(now);
  if (!may_try) return plan;
  Planner planner(situation);
  plan.start = planner.Start();
  if (!plan.start.has_value()) plan.stop = planner.Stop();
  const bool acts = plan.start.has_value() || plan.stop.has_value();
  plan.look_again = acts ? absl::InfiniteDuration() : std::min(plan.look_again, planner.look_again());
  return plan;
}

}  // namespace sumscope::jobs

#include "server/jobs/scheduling/live_queue.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "server/jobs/scheduling/policy/outlook/explain.h"
#include "server/jobs/scheduling/policy/outlook/forecast.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {
namespace {

constexpr absl::Duration kViewAge = absl::Seconds(1);
// Of a long queue, what is costly is done again after so many times as long as it took, so that many changes cost no
// more than many looks. A short queue is always shown as it is: on a busy machine anything may seem to cost much.
constexpr int kRest = 5;
constexpr size_t kLong = 100;  // jobs
constexpr absl::Duration kCostly = absl::Milliseconds(2);
constexpr size_t kForetold = 1000;  // jobs whose start and end are looked ahead to

void AddRunning(const Situation& situation, const std::vector<storage::Job>& running, QueueView* view) {
  for (const storage::Job& job : running) {
    QueuedJob& shown = view->jobs.emplace_back();
    shown.job = job;
    const auto slot = situation.fleet.find(job.slot);
    const bool known = slot != situation.fleet.end();
    if (known) shown.device = slot->second.device;
    if (!known || !slot->second.quick) ++view->shares[job.owner].running;
  }
  std::sort(view->jobs.begin(), view->jobs.end(),
            [](const QueuedJob& one, const QueuedJob& other) { return one.job.slot < other.job.slot; });
  view->running = view->jobs.size();
}

void AddWaiting(const Situation& situation, QueueView* view) {
  const Explainer explainer(situation);
  view->startable = explainer.startable();
  for (const storage::Job* job : explainer.order()) {
    const size_t before = view->jobs.size() - view->running;
    QueuedJob& shown = view->jobs.emplace_back();
    shown.job = *job;
    if (before < explainer.startable()) shown.place = static_cast<uint32_t>(before + 1);
    shown.wait = explainer.Explain(*job);
    ++view->shares[job->owner].waiting;
  }
}

}  // namespace

std::map<std::string, Expected> LiveQueue::Foretell(const Forecast& forecast, size_t jobs) {
  const absl::Duration begin = context_->clock->Monotonic();
  const absl::Duration age = begin - foretold_at_;
  if (jobs < kLong || age >= kRest * forecast_cost_) {
    foretold_ = forecast.Play(kForetold);
    foretold_at_ = begin;
    forecast_cost_ = context_->clock->Monotonic() - begin;
    return foretold_;
  }
  std::map<std::string, Expected> expected = foretold_;
  for (auto& [job, times] : expected) {
    times.start_seconds = std::max(0.0, times.start_seconds - absl::ToDoubleSeconds(age));
    times.end_seconds = std::max(0.0, times.end_seconds - absl::ToDoubleSeconds(age));
  }
  return expected;
}

std::shared_ptr<const QueueView> LiveQueue::Make() {
  const auto view = std::make_shared<QueueView>();
  std::optional<Forecast> forecast;
  dispatcher_->Look([&](const Situation& situation, const std::vector<storage::Job>& running) {
    view->time = context_->clock->Now();
    view->fleet = situation.fleet;
    for (const auto& [user, share] : situation.shares) {
      UserShareView& shown = view->shares[user];
      shown.weight = share.weight;
      shown.device_seconds = share.device_seconds;
      shown.running_limit = share.running_limit;
    }
    AddRunning(situation, running, view.get());
    AddWaiting(situation, view.get());
    forecast.emplace(situation);
  });
  for (auto& [user, share] : view->shares) {
    share.waiting_limit = dispatcher_->users().LimitsOf(user).waiting.value_or(0);
  }
  const std::map<std::string, Expected> expected = Foretell(*forecast, view->jobs.size());
  for (size_t i = 0; i < view->jobs.size(); ++i) {
    const auto found = expected.find(view->jobs[i].job.id);
    if (found != expected.end()) view->jobs[i].expected = found->second;
    view->by_id[view->jobs[i].job.id] = i;
  }
  return view;
}

std::shared_ptr<const QueueView> LiveQueue::View() {
  MutexLock lock(&mutex_);
  const uint64_t changes = dispatcher_->changes();
  const absl::Duration now = context_->clock->Monotonic();
  const bool rests =
      last_ != nullptr && last_->jobs.size() >= kLong && cost_ >= kCostly && now - made_ < kRest * cost_;
  if (last_ == nullptr || (changes != changes_ && !rests) || now - made_ >= kViewAge) {
    last_ = Make();
    changes_ = changes;
    made_ = context_->clock->Monotonic();
    cost_ = made_ - now - (foretold_at_ >= now ? forecast_cost_ : absl::ZeroDuration());
  }
  return last_;
}

absl::Status LiveQueue::Hold(const storage::Actor& actor, const std::string& job) {
  return admission_->ChangeWaiting(actor, job, [&](storage::Job* waiting) {
    if (!waiting->held_by.empty()) return absl::OkStatus();
    waiting->held_by = HolderName(actor);
    waiting->reason = reasons::kHeld;
    waiting->detail = absl::StrCat("held by ", waiting->held_by);
    return absl::OkStatus();
  });
}

absl::Status LiveQueue::Release(const storage::Actor& actor, const std::string& job) {
  return admission_->ChangeWaiting(actor, job, [&](storage::Job* waiting) -> absl::Status {
    if (waiting->held_by.empty()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "JOB_NOT_HELD",
                       absl::StrCat("nobody holds ", JobName(job), ": there is nothing to release"));
    }
    LiftHold(waiting);
    return absl::OkStatus();
  });
}

absl::Status LiveQueue::SetPriority(const storage::Actor& actor, const std::string& job, v1::Priority priority) {
  Room room;  // until it counts by itself
  return admission_->ChangeWaiting(actor, job, [&](storage::Job* waiting) -> absl::Status {
    room = Room();
    const v1::Priority wanted = priority == v1::PRIORITY_UNSPECIFIED ? v1::NORMAL : priority;
    if (waiting->priority != wanted) {
      SUMSCOPE_ASSIGN_OR_RETURN(room, admission_->ReservePriority(actor, wanted));
    }
    waiting->priority = wanted;
    return absl::OkStatus();
  });
}

}  // namespace sumscope::jobs

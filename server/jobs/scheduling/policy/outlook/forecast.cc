#include "server/jobs/scheduling/policy/outlook/forecast.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "server/jobs/scheduling/policy/outlook/forecast_model.h"
#include "server/jobs/scheduling/policy/outlook/forecast_play.h"
#include "server/jobs/scheduling/policy/outlook/start_order.h"
#include "server/jobs/scheduling/policy/standings.h"

namespace sumscope::jobs {
namespace {

// Of what a running job was expected to take, when it has taken that already.
constexpr double kOverdue = 0.05;

// Makes indices of names.
class Indices {
 public:
  int Of(const std::string& name) { return known_.try_emplace(name, static_cast<int>(known_.size())).first->second; }

 private:
  std::unordered_map<std::string, int> known_;
};

class ModelMaker {
 public:
  explicit ModelMaker(const Situation& situation) : situation_(situation) {}

  std::unique_ptr<const ForecastModel> Make();

 private:
  int UserOf(const std::string& owner);
  int SweepOf(const std::string& sweep);
  double ChargeFor(v1::Priority priority, const std::string& owner);
  void AddSlots();
  void AddRunning(const RunningJob& running, ForecastModel::Slot* slot);
  void AddWaiting();
  // Gives jobs without a known length the mean; drops those that wait without one, or without a slot that has room.
  void FillLengths();
  bool HasSlot(const ForecastModel::Job& job) const;

  const Situation& situation_;
  std::unique_ptr<ForecastModel> model_ = std::make_unique<ForecastModel>();
  Indices users_, sweeps_;
};

int ModelMaker::UserOf(const std::string& owner) {
  const int user = users_.Of(owner);
  if (static_cast<size_t>(user) < model_->users.size()) return user;
  const auto share = situation_.shares.find(owner);
  const Share had = share == situation_.shares.end() ? Share() : share->second;
  const double weight = had.weight > 0 ? had.weight : 1;
  model_->users.push_back({had.device_seconds / weight, model_->slice * kTie / weight, had.running_limit});
  return user;
}

int ModelMaker::SweepOf(const std::string& sweep) {
  const auto limit = situation_.sweeps.find(sweep);
  if (sweep.empty() || limit == situation_.sweeps.end() || limit->second == 0) return ForecastModel::kNone;
  const int index = sweeps_.Of(sweep);
  if (static_cast<size_t>(index) == model_->sweep_limits.size()) model_->sweep_limits.push_back(limit->second);
  return index;
}

double ModelMaker::ChargeFor(v1::Priority priority, const std::string& owner) {
  const auto share = situation_.shares.find(owner);
  const double weight = share == situation_.shares.end() || !(share->second.weight > 0) ? 1 : share->second.weight;
  return ChargeOf(priority, situation_.policy) / weight;
}

void ModelMaker::AddSlots() {
  for (const auto& [name, state] : situation_.fleet) {
    if (!state.closed.empty()) continue;
    ForecastModel::Slot slot;
    slot.quick = state.quick;
    slot.memory = state.memory_bytes;
    // One that gives way may be cancelled: what comes of it nobody knows.
    if (state.running.has_value() && !state.running->stopping) AddRunning(*state.running, &slot);
    model_->slots.push_back(slot);
  }
  model_->running = model_->jobs.size();
}

void ModelMaker::AddRunning(const RunningJob& running, ForecastModel::Slot* slot) {
  const double had = absl::ToDoubleSeconds(situation_.now - running.since);
  ForecastModel::Job job;
  job.id = running.job;
  job.user = UserOf(running.owner);
  job.sweep = running.training ? SweepOf(running.sweep) : ForecastModel::kNone;
  job.rank = ClassOf(running.priority) - 1;
  job.charge = ChargeFor(running.priority, running.owner);
  if (running.expected_seconds > 0) job.left = std::max(running.expected_seconds - had, had * kOverdue);
  job.memory = running.memory_bytes;
  job.quick = slot->quick;
  job.training = running.training;
  const double uncharged =
      absl::ToDoubleSeconds(std::max(situation_.now - running.charged_until, absl::ZeroDuration()));
  model_->users[static_cast<size_t>(job.user)].taken += uncharged * job.charge;
  if (slot->memory > 0) slot->memory += running.memory_bytes;
  slot->job = static_cast<int>(model_->jobs.size());
  slot->since = -had;
  model_->jobs.push_back(std::move(job));
}

void ModelMaker::AddWaiting() {
  const StartOrder order = OrderOf(situation_);
  const bool quick_open = QuickLaneIsOpen(situation_.fleet);
  model_->jobs.reserve(model_->running + order.startable);
  for (size_t i = 0; i < order.startable; ++i) {
    const storage::Job& waiting = *order.jobs[i];
    ForecastModel::Job job;
    job.id = waiting.id;
    job.position = waiting.queue_position;
    job.user = UserOf(waiting.owner);
    job.sweep = SweepOf(ReadyJobs::GroupOf(waiting));
    job.rank = ClassOf(waiting.priority) - 1;
    job.charge = ChargeFor(waiting.priority, waiting.owner);
    job.left = waiting.expected_seconds;
    job.memory = waiting.memory_bytes;
    job.quick = waiting.quick && quick_open;
    job.training = waiting.analysis.empty();
    model_->jobs.push_back(std::move(job));
  }
}

bool ModelMaker::HasSlot(const ForecastModel::Job& job) const {
  return std::any_of(model_->slots.begin(), model_->slots.end(), [&job](const ForecastModel::Slot& slot) {
    return slot.quick == job.quick && (slot.memory == 0 || job.memory <= slot.memory);
  });
}

void ModelMaker::FillLengths() {
  double sum[2] = {0, 0};
  int count[2] = {0, 0};
  for (const ForecastModel::Job& job : model_->jobs) {
    if (!(job.left > 0)) continue;
    sum[job.training] += job.left;
    ++count[job.training];
  }
  for (ForecastModel::Job& job : model_->jobs) {
    if (!(job.left > 0) && count[job.training] > 0) job.left = sum[job.training] / count[job.training];
  }
  // Nobody knows when it ends.
  for (size_t job = 0; job < model_->running; ++job) {
    if (!(model_->jobs[job].left > 0)) model_->jobs[job].left = std::numeric_limits<double>::infinity();
  }
  const auto waiting = model_->jobs.begin() + static_cast<std::ptrdiff_t>(model_->running);
  model_->jobs.erase(std::remove_if(waiting, model_->jobs.end(),
                                    [this](const ForecastModel::Job& job) { return !(job.left > 0) || !HasSlot(job); }),
                     model_->jobs.end());
}

std::unique_ptr<const ForecastModel> ModelMaker::Make() {
  model_->slice = absl::ToDoubleSeconds(situation_.policy.slice);
  AddSlots();
  AddWaiting();
  FillLengths();
  return std::move(model_);
}

}  // namespace

Forecast::Forecast(const Situation& situation) : model_(ModelMaker(situation).Make()) {}
Forecast::~Forecast() = default;
Forecast::Forecast(Forecast&&) noexcept = default;

std::map<std::string, Expected> Forecast::Play(size_t limit) const { return ForecastPlay(*model_).Run(limit); }

}  // namespace sumscope::jobs

#include "server/jobs/rates/predictor.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "storage/catalog/actor.h"

namespace sumscope::jobs {
namespace {

// Shorter work is mostly what comes once: loading, first allocations.
constexpr uint64_t kLeastSteps = 3;
constexpr double kLeastStepSeconds = 0.2, kLeastCheckpointSeconds = 0.1, kLeastAnalysisSeconds = 0.3;

RateBook::Model StepModel(const Speed& speed) {
  return [&speed](const v1::TrainSpec& spec) { return speed.TrainingSeconds(spec, 1); };
}
RateBook::Model CheckpointModel(const Speed& speed) {
  return [&speed](const v1::TrainSpec& spec) { return speed.CheckpointSeconds(spec); };
}

storage::Rate SampleOf(const Place& place, absl::string_view kind, const v1::TrainSpec& spec, ShapeOf of,
                       double seconds, double model_seconds) {
  storage::Rate rate;
  rate.device = place.device;
  rate.threads = place.threads;
  rate.kind = std::string(kind);
  rate.shape = ShapeKey(spec, of);
  rate.seconds_per_unit = seconds;
  rate.model_seconds_per_unit = model_seconds;
  return rate;
}

}  // namespace

AnalysisCost CostOfAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                            const v1::QuestionSet& questions, uint64_t uploaded_count) {
  const double count = questions.has_pairs()
                           ? CountPairs(questions.pairs())
                           : static_cast<double>(CountQuestions(spec, questions).value_or(uploaded_count));
  return KindOf(request).Cost(spec, questions, count, request);
}

std::string PredictedTime::Text() const {
  switch (basis) {
    case Basis::kThisShape:
      return count == 1 ? "measured on this shape, once" : absl::StrCat("measured on this shape, ", count, " times");
    case Basis::kNearShapes:
      return count == 1 ? "measured on a near shape" : absl::StrCat("measured on ", count, " near shapes");
    case Basis::kCalibration:
      return "the workers' calibration";
    case Basis::kAssumed:
      return "assumed";
  }
  return "";
}

Predictor::Predictor(storage::Catalog* catalog, Slots slots, Clock* clock)
    : catalog_(catalog), slots_(std::move(slots)), clock_(clock), speed_(AssumedSpeed(1)), book_(limits::kMaxRates) {}

Predictor::Predictor(Speed speed)
    : catalog_(nullptr), clock_(Clock::Real()), speed_(std::move(speed)), book_(limits::kMaxRates) {}

absl::Status Predictor::Load() {
  if (catalog_ == nullptr) return absl::OkStatus();
  std::vector<storage::Rate> rates;
  SUMSCOPE_RETURN_IF_ERROR(catalog_->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(rates, reader.rates().List());
    return absl::OkStatus();
  }));
  MutexLock lock(&mutex_);
  book_.Load(rates);
  return absl::OkStatus();
}

std::vector<Predictor::At> Predictor::PlacesOf(const Place& place) const {
  const std::vector<v1::Slot> slots = slots_ ? slots_() : std::vector<v1::Slot>();
  if (!place.device.empty()) {
    return {{place, slots_ ? SpeedOf(slots, place.device, place.threads) : speed_}};
  }
  std::vector<At> places;
  std::set<std::pair<std::string, uint32_t>> seen;
  for (const v1::Slot& slot : slots) {
    if (slot.quick() || !seen.emplace(slot.device(), slot.threads()).second) continue;
    places.push_back({{slot.device(), slot.threads()}, SpeedOf(slots, slot.device(), slot.threads())});
  }
  if (places.empty()) places.push_back({place, speed_});
  return places;
}

PredictedTime Predictor::Mean(const Place& place, const std::function<PredictedTime(const At& at)>& time) const {
  const std::vector<At> places = PlacesOf(place);
  PredictedTime mean;
  for (size_t i = 0; i < places.size(); ++i) {
    const PredictedTime one = time(places[i]);
    mean.seconds += one.seconds / static_cast<double>(places.size());
    if (i > 0 && one.basis < mean.basis) continue;  // it is as good as the worst of them
    mean.count = i > 0 && one.basis == mean.basis ? std::min(mean.count, one.count) : one.count;
    mean.basis = one.basis;
  }
  return mean;
}

PredictedTime Predictor::TrainingAt(const At& at, const v1::TrainSpec& spec, uint64_t first_step) const {
  const RateBook::Model step = StepModel(at.speed), checkpoint = CheckpointModel(at.speed);
  RateBook::Correction of_step, of_checkpoint;
  {
    MutexLock lock(&mutex_);
    of_step = book_.Correct(at.place, kStepRate, spec, ShapeOf::kTraining, step, at.speed.measured);
    of_checkpoint = book_.Correct(at.place, kCheckpointRate, spec, ShapeOf::kAnswers, checkpoint, at.speed.measured);
  }
  const uint64_t steps = spec.steps() - std::min(first_step, spec.steps());
  const uint64_t checkpoints = CheckpointsBetween(first_step, spec.steps(), spec.steps());
  PredictedTime time;
  time.seconds = static_cast<double>(steps) * step(spec) * of_step.factor +
                 static_cast<double>(checkpoints) * checkpoint(spec) * of_checkpoint.factor;
  time.basis = of_step.basis;
  time.count = of_step.count;
  return time;
}

PredictedTime Predictor::Training(const v1::TrainSpec& spec, const Place& place, uint64_t first_step) const {
  return Mean(place, [&](const At& at) { return TrainingAt(at, spec, first_step); });
}

PredictedTime Predictor::AnalysisAt(const At& at, const v1::TrainSpec& spec, absl::string_view kind,
                                    const AnalysisCost& cost) const {
  MutexLock lock(&mutex_);
  const RateBook::Correction correction =
      book_.Correct(at.place, std::string(kind), spec, ShapeOf::kAnswers, nullptr, at.speed.measured);
  return {at.speed.AnalysisSeconds(spec, cost.work) * correction.factor, correction.basis, correction.count};
}

PredictedTime Predictor::Analysis(const v1::TrainSpec& spec, absl::string_view kind, const AnalysisCost& cost,
                                  const Place& place) const {
  return Mean(place, [&](const At& at) { return AnalysisAt(at, spec, kind, cost); });
}

absl::Status Predictor::Learn(const DoneTraining& done) {
  if (done.place.device.empty() || done.last_step <= done.first_step) return absl::OkStatus();
  const uint64_t steps = done.last_step - done.first_step;
  const uint64_t checkpoints = CheckpointsBetween(done.first_step, done.last_step, done.spec.steps());
  const Speed speed = PlacesOf(done.place).front().speed;
  const double step_model = StepModel(speed)(done.spec), checkpoint_model = CheckpointModel(speed)(done.spec);
  double in_steps = done.step_seconds, in_checkpoints = done.seconds - done.step_seconds;
  if (!(in_steps > 0)) {  // shared out as the model would
    const double steps_model = static_cast<double>(steps) * step_model;
    in_steps = done.seconds * steps_model / (steps_model + static_cast<double>(checkpoints) * checkpoint_model);
    in_checkpoints = done.seconds - in_steps;
  }
  std::vector<storage::Rate> samples;
  if (steps >= kLeastSteps && in_steps >= kLeastStepSeconds) {
    samples.push_back(SampleOf(done.place, kStepRate, done.spec, ShapeOf::kTraining,
                               in_steps / static_cast<double>(steps), step_model));
  }
  if (checkpoints > 0 && in_checkpoints >= kLeastCheckpointSeconds) {
    samples.push_back(SampleOf(done.place, kCheckpointRate, done.spec, ShapeOf::kAnswers,
                               in_checkpoints / static_cast<double>(checkpoints), checkpoint_model));
  }
  return Keep(samples);
}

absl::Status Predictor::Learn(const DoneAnalysis& done) {
  const AnalysisKind& kind = KindOf(done.analysis.request());
  if (done.place.device.empty() || !kind.needs_worker() || !(done.seconds >= kLeastAnalysisSeconds)) {
    return absl::OkStatus();
  }
  const AnalysisCost cost = CostOfAnalysis(done.spec, done.analysis.request(), done.analysis.question_set(),
                                           static_cast<uint64_t>(done.analysis.prediction().questions()));
  const double model = PlacesOf(done.place).front().speed.AnalysisSeconds(done.spec, cost.work);
  const double questions = std::max(1.0, cost.questions);
  return Keep(
      {SampleOf(done.place, kind.name(), done.spec, ShapeOf::kAnswers, done.seconds / questions, model / questions)});
}

absl::Status Predictor::Keep(const std::vector<storage::Rate>& samples) {
  std::vector<storage::Rate> learnt;
  {
    MutexLock lock(&mutex_);
    for (storage::Rate sample : samples) {
      sample.update_time = clock_->Now();
      storage::Rate rate = book_.Learn(sample);
      if (rate.samples > 0) learnt.push_back(std::move(rate));
    }
  }
  if (learnt.empty() || catalog_ == nullptr) return absl::OkStatus();
  return catalog_->Write(storage::Actor::Server(), [&](storage::CatalogTransaction& transaction) -> absl::Status {
    for (const storage::Rate& rate : learnt) SUMSCOPE_RETURN_IF_ERROR(transaction.rates().Put(rate));
    return absl::OkStatus();
  });
}

std::vector<storage::Rate> Predictor::Rates() const {
  MutexLock lock(&mutex_);
  return book_.List();
}

}  // namespace sumscope::jobs

#ifndef SUMSCOPE_SERVER_JOBS_RATES_PREDICTOR_H_
#define SUMSCOPE_SERVER_JOBS_RATES_PREDICTOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/analyses/cost.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/jobs/rates/rate_book.h"
#include "server/jobs/rates/speed.h"
#include "storage/catalog/catalog.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::jobs {

// Kinds of rates beside the names of analyses: a training's step, and one of its checkpoints.
inline constexpr char kStepRate[] = "train";
inline constexpr char kCheckpointRate[] = "checkpoint";

// What a complete analysis takes. `uploaded_count`: questions of an uploaded set.
AnalysisCost CostOfAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                            const v1::QuestionSet& questions, uint64_t uploaded_count);

struct PredictedTime {
  double seconds = 0;
  Basis basis = Basis::kAssumed;
  uint32_t count = 0;  // RateBook::Correction
  // For people: "measured on this shape, 3 times", "measured on 2 near shapes", "the workers' calibration", "assumed".
  std::string Text() const;
};

// A training's segment that is over, however it ended.
struct DoneTraining {
  v1::TrainSpec spec;
  Place place;
  uint64_t first_step = 0, last_step = 0;  // steps done before, and at its end
  double step_seconds = 0;                 // within steps, as the worker measured each; 0: unknown
  double seconds = 0;                      // from its first message to its last
};
// An analysis that succeeded.
struct DoneAnalysis {
  v1::TrainSpec spec;
  Place place;
  v1::Analysis analysis;  // request, questions and, of an uploaded set, prediction
  double seconds = 0;
};

// How long trainings and analyses take here: by what finished work of the same shape or of near ones took on such a
// slot, else by the calibration of the slots' workers, else assumed. Keeps what it learns in the catalog. Without a
// place a prediction is the mean over the places that there are, those of quick slots left out. Predictions wait for no
// storage. Thread-safe.
class Predictor {
 public:
  using Slots = std::function<std::vector<v1::Slot>()>;

  // `catalog` and `clock` outlive it. `slots` is asked at each prediction.
  Predictor(storage::Catalog* catalog, Slots slots, Clock* clock);
  // Of this speed alone, wherever; learns nothing.
  explicit Predictor(Speed speed);

  // Reads what was kept. Without it, or after its error, nothing is known yet.
  absl::Status Load();

  // Of a complete spec, from `first_step` on to its last: steps and checkpoints.
  PredictedTime Training(const v1::TrainSpec& spec, const Place& place = {}, uint64_t first_step = 0) const;
  // Of a complete analysis. `kind` is its name.
  PredictedTime Analysis(const v1::TrainSpec& spec, absl::string_view kind, const AnalysisCost& cost,
                         const Place& place = {}) const;

  // Takes in what ended; work that was too short to say anything changes nothing. Errors are the catalog's: then it
  // is learnt, but not kept.
  absl::Status Learn(const DoneTraining& done);
  absl::Status Learn(const DoneAnalysis& done);

  // What is known, for people and tables.
  std::vector<storage::Rate> Rates() const;

 private:
  struct At {
    Place place;
    Speed speed;
  };
  std::vector<At> PlacesOf(const Place& place) const;
  PredictedTime TrainingAt(const At& at, const v1::TrainSpec& spec, uint64_t first_step) const;
  PredictedTime AnalysisAt(const At& at, const v1::TrainSpec& spec, absl::string_view kind,
                           const AnalysisCost& cost) const;
  // The mean over the places.
  PredictedTime Mean(const Place& place, const std::function<PredictedTime(const At& at)>& time) const;
  absl::Status Keep(const std::vector<storage::Rate>& samples);

  storage::Catalog* const catalog_;  // null: keeps nothing
  const Slots slots_;
  Clock* const clock_;
  const Speed speed_;  // where there are no slots
  mutable Mutex mutex_;
  RateBook book_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_RATES_PREDICTOR_H_

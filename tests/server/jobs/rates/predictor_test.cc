#include "server/jobs/rates/predictor.h"

#include <gtest/gtest.h>

#include <vector>

#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/models/complete_spec.h"
#include "server/jobs/state/job_states.h"
#include "storage/sqlite/sqlite_storage.h"

namespace sumscope::jobs {
namespace {

v1::Slot SlotOf(uint32_t threads, double flops_per_second) {
  v1::Slot slot;
  slot.set_device("cpu");
  slot.set_threads(threads);
  slot.mutable_rates()->set_training_flops_per_second(flops_per_second);
  slot.mutable_rates()->set_answering_flops_per_second(flops_per_second);
  slot.mutable_rates()->set_intervening_flops_per_second(flops_per_second);
  return slot;
}

v1::TrainSpec Training(uint64_t steps) {
  v1::TrainSpec spec;
  spec.set_steps(steps);
  spec.set_d_model(96);
  return CompleteSpec(spec);
}

Work WorkOfCheckpoint(const v1::TrainSpec& spec) { return WorkOfAnswers(spec, {10'000, 10'000, 0}); }

class Predictor_Test : public testing::Test {
 protected:
  storage::Storage storage_ = *storage::OpenInMemoryStorage(IsLegalTransition, Clock::Real());
  std::vector<v1::Slot> slots_ = {SlotOf(1, 1e10)};
  Predictor predictor_{storage_.catalog.get(), [this] { return slots_; }, Clock::Real()};
};

TEST_F(Predictor_Test, BeforeAnyWorkTheCalibrationOfStepsAndCheckpoints) {
  const v1::TrainSpec spec = Training(100);  // checkpoints 0, 1, 2, 5, 10, 20, 50 and 100
  const PredictedTime time = predictor_.Training(spec);
  EXPECT_NEAR(time.seconds, (100 * WorkOfStep(spec).flops + 8 * WorkOfCheckpoint(spec).flops) / 1e10, 1e-9);
  EXPECT_EQ(time.basis, Basis::kCalibration);
  EXPECT_EQ(time.Text(), "the workers' calibration");
  slots_.clear();
  EXPECT_EQ(predictor_.Training(spec).basis, Basis::kAssumed);
}

TEST_F(Predictor_Test, WhatIsLeftOfATrainingTakesItsPart) {
  const v1::TrainSpec spec = Training(100);
  EXPECT_NEAR(predictor_.Training(spec, {"cpu", 1}, /*first_step=*/70).seconds,
              (30 * WorkOfStep(spec).flops + WorkOfCheckpoint(spec).flops) / 1e10, 1e-9);
  EXPECT_EQ(predictor_.Training(spec, {"cpu", 1}, 100).seconds, 0);
  EXPECT_EQ(predictor_.Training(spec, {"cpu", 1}, 0).seconds, predictor_.Training(spec).seconds);
}

TEST_F(Predictor_Test, ATrainingEndedThenItsShapeTakesWhatItTook) {
  DoneTraining done = {Training(100), {"cpu", 1}, 0, 100, /*step_seconds=*/30, /*seconds=*/70};
  ASSERT_TRUE(predictor_.Learn(done).ok());
  const PredictedTime time = predictor_.Training(Training(100));
  EXPECT_NEAR(time.seconds, 70, 1e-6);
  EXPECT_EQ(time.basis, Basis::kThisShape);
  EXPECT_EQ(time.Text(), "measured on this shape, once");
  // A step took 0.3 s and a checkpoint 5 s; of 200 steps there are nine.
  EXPECT_NEAR(predictor_.Training(Training(200)).seconds, 200 * 0.3 + 9 * 5, 1e-6);
  v1::TrainSpec near = Training(100);
  near.set_d_model(100);
  EXPECT_EQ(predictor_.Training(near).Text(), "measured on a near shape");
}

TEST_F(Predictor_Test, StepsWereNotTimedThenTheModelSharesTheTimeOut) {
  const double modelled = predictor_.Training(Training(100)).seconds;
  ASSERT_TRUE(predictor_.Learn(DoneTraining{Training(100), {"cpu", 1}, 0, 100, 0, 3 * modelled}).ok());
  EXPECT_NEAR(predictor_.Training(Training(200), {"cpu", 1}).seconds,
              3 * Predictor(SpeedOf(slots_)).Training(Training(200)).seconds, 1e-6);
}

TEST_F(Predictor_Test, WhatWasTooShortTeachesNothing) {
  ASSERT_TRUE(predictor_.Learn(DoneTraining{Training(100), {"cpu", 1}, 0, 100, 0.01, 0.02}).ok());
  ASSERT_TRUE(predictor_.Learn(DoneTraining{Training(100), {"cpu", 1}, 40, 40, 0, 100}).ok());
  EXPECT_TRUE(predictor_.Rates().empty());
}

TEST_F(Predictor_Test, AnAnalysisEndedThenAnotherOfItsKindTakesAsLongAQuestion) {
  DoneAnalysis done;
  done.spec = Training(100);
  done.spec.set_n_layers(2);  // no tables to make first
  done.place = {"cpu", 1};
  done.analysis.mutable_request()->mutable_evaluate();
  done.analysis.mutable_question_set()->mutable_uniform()->set_count(1000);
  done.analysis.mutable_question_set()->set_operation(v1::ADD);
  done.seconds = 10;
  ASSERT_TRUE(predictor_.Learn(done).ok());
  v1::Analysis longer = done.analysis;
  longer.mutable_question_set()->mutable_uniform()->set_count(3000);
  const auto seconds = [&](const Predictor& predictor, const v1::Analysis& analysis) {
    const AnalysisCost cost = CostOfAnalysis(done.spec, analysis.request(), analysis.question_set(), 0);
    return predictor.Analysis(done.spec, KindOf(analysis.request()).name(), cost, done.place).seconds;
  };
  EXPECT_NEAR(seconds(predictor_, longer), 30, 1e-6);
  // It says nothing of another kind.
  v1::Analysis other = longer;
  other.mutable_request()->mutable_attention();
  EXPECT_EQ(seconds(predictor_, other), seconds(Predictor(SpeedOf(slots_)), other));
}

TEST_F(Predictor_Test, WithoutAPlaceTheMeanOverThePlaces) {
  slots_ = {SlotOf(1, 1e10), SlotOf(1, 1e10), SlotOf(4, 4e10)};
  const v1::TrainSpec spec = Training(100);
  const double one = predictor_.Training(spec, {"cpu", 1}).seconds,
               four = predictor_.Training(spec, {"cpu", 4}).seconds;
  EXPECT_NEAR(one, 4 * four, 1e-9);
  EXPECT_NEAR(predictor_.Training(spec).seconds, (one + four) / 2, 1e-9);
  slots_.push_back(SlotOf(1, 1e9));
  slots_.back().set_device("cuda:0");
  slots_.back().set_quick(true);
  EXPECT_NEAR(predictor_.Training(spec).seconds, (one + four) / 2, 1e-9);
  // What one of them knows is no basis for both.
  ASSERT_TRUE(predictor_.Learn(DoneTraining{spec, {"cpu", 4}, 0, 100, 30, 70}).ok());
  EXPECT_EQ(predictor_.Training(spec).basis, Basis::kCalibration);
  EXPECT_NEAR(predictor_.Training(spec).seconds, (one + 70) / 2, 1e-6);
}

TEST_F(Predictor_Test, StartedAgainItKnowsWhatItLearnt) {
  ASSERT_TRUE(predictor_.Learn(DoneTraining{Training(100), {"cpu", 1}, 0, 100, 30, 70}).ok());
  Predictor again(
      storage_.catalog.get(), [this] { return slots_; }, Clock::Real());
  EXPECT_EQ(again.Training(Training(100)).basis, Basis::kCalibration);
  ASSERT_TRUE(again.Load().ok());
  EXPECT_NEAR(again.Training(Training(100)).seconds, 70, 1e-6);
  EXPECT_EQ(again.Rates().size(), 2u);
}

}  // namespace
}  // namespace sumscope::jobs

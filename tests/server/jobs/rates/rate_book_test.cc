#include "server/jobs/rates/rate_book.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "proto/contract/models/complete_spec.h"

namespace sumscope::jobs {
namespace {

const Place kCpu = {"cpu", 2};

v1::TrainSpec Shape(uint32_t d_model) {
  v1::TrainSpec spec;
  spec.set_d_model(d_model);
  return CompleteSpec(spec);
}

storage::Rate Sample(const v1::TrainSpec& spec, double seconds, double model_seconds = 1) {
  storage::Rate rate;
  rate.device = kCpu.device;
  rate.threads = kCpu.threads;
  rate.kind = "train";
  rate.shape = ShapeKey(spec, ShapeOf::kTraining);
  rate.seconds_per_unit = seconds;
  rate.model_seconds_per_unit = model_seconds;
  rate.update_time = absl::UnixEpoch() + absl::Seconds(seconds);
  return rate;
}

// A model that says the same of every shape.
RateBook::Model Always(double seconds) {
  return [seconds](const v1::TrainSpec&) { return seconds; };
}

RateBook::Correction Correct(const RateBook& book, const v1::TrainSpec& spec, const RateBook::Model& model,
                             bool measured = true) {
  return book.Correct(kCpu, "train", spec, ShapeOf::kTraining, model, measured);
}

TEST(ShapeKey_Test, ReadAgainItIsTheSameShape) {
  v1::TrainSpec spec = Shape(96);
  spec.set_operation(v1::MIX);
  spec.set_precision(v1::FLOAT64);
  spec.set_batch_size(7);
  spec.set_insert_mode(v1::INSERT_ALL_ALWAYS);
  for (const ShapeOf of : {ShapeOf::kTraining, ShapeOf::kAnswers}) {
    const std::string key = ShapeKey(spec, of);
    const auto read = ReadShapeKey(key);
    ASSERT_TRUE(read.has_value()) << key;
    EXPECT_EQ(ShapeKey(*read, of), key);
    EXPECT_EQ(ShapeDistance(PointOf(*read), PointOf(spec), of), 0);
  }
  EXPECT_FALSE(ReadShapeKey("").has_value());
  EXPECT_FALSE(ReadShapeKey("d_model=0").has_value());
  EXPECT_FALSE(ReadShapeKey("operation=add speed=3").has_value());
}

TEST(ShapeKey_Test, WhatCostsNothingIsNoneOfIt) {
  v1::TrainSpec spec = Shape(96), other = spec;
  other.set_seed(7);
  other.set_steps(10);
  other.set_learning_rate(1e-3);
  EXPECT_EQ(ShapeKey(spec, ShapeOf::kTraining), ShapeKey(other, ShapeOf::kTraining));
  other.set_batch_size(8);
  EXPECT_NE(ShapeKey(spec, ShapeOf::kTraining), ShapeKey(other, ShapeOf::kTraining));
  EXPECT_EQ(ShapeKey(spec, ShapeOf::kAnswers), ShapeKey(other, ShapeOf::kAnswers));
}

TEST(ShapeDistance_Test, OneSizeTwiceAsLargeIsTheLogarithmOfTwoAway) {
  EXPECT_NEAR(ShapeDistance(PointOf(Shape(64)), PointOf(Shape(128)), ShapeOf::kTraining), std::log(2), 1e-12);
}

TEST(RateBook_Test, NothingWasLearntThenTheModelIsRight) {
  const RateBook book(10);
  EXPECT_EQ(Correct(book, Shape(64), Always(1)).factor, 1);
  EXPECT_EQ(Correct(book, Shape(64), Always(1)).basis, Basis::kCalibration);
  EXPECT_EQ(Correct(book, Shape(64), Always(1), /*measured=*/false).basis, Basis::kAssumed);
}

TEST(RateBook_Test, TheShapeWasSeenThenItsOwnTimeWhateverTheModelSays) {
  RateBook book(10);
  EXPECT_EQ(book.Learn(Sample(Shape(64), 0.5)).samples, 1u);
  for (const double modelled : {0.1, 1.0, 7.0}) {
    const RateBook::Correction correction = Correct(book, Shape(64), Always(modelled));
    EXPECT_NEAR(modelled * correction.factor, 0.5, 1e-12);
    EXPECT_EQ(correction.basis, Basis::kThisShape);
    EXPECT_EQ(correction.count, 1u);
  }
  // Without a model of now: what it said then.
  EXPECT_NEAR(Correct(book, Shape(64), nullptr).factor, 0.5, 1e-12);
  // Nobody has measured another number of threads.
  EXPECT_EQ(book.Correct({"cpu", 1}, "train", Shape(64), ShapeOf::kTraining, nullptr, true).basis, Basis::kCalibration);
}

TEST(RateBook_Test, FirstSamplesAreAveragedAndLaterOnesCountAQuarter) {
  RateBook book(10);
  book.Learn(Sample(Shape(64), 1));
  EXPECT_NEAR(book.Learn(Sample(Shape(64), 4)).seconds_per_unit, 2, 1e-12);
  EXPECT_NEAR(book.Learn(Sample(Shape(64), 16)).seconds_per_unit, 4, 1e-12);
  // Of the fourth and later ones a factor of two counts at the most.
  EXPECT_NEAR(book.Learn(Sample(Shape(64), 1e6)).seconds_per_unit, 4 * std::pow(2, 0.25), 1e-12);
  const double before = 4 * std::pow(2, 0.25);
  EXPECT_NEAR(book.Learn(Sample(Shape(64), before * 1.1)).seconds_per_unit, before * std::pow(1.1, 0.25), 1e-12);
}

TEST(RateBook_Test, AMachineThatChangesIsFollowed) {
  RateBook book(10);
  for (int i = 0; i < 20; ++i) book.Learn(Sample(Shape(64), 1));
  for (int i = 0; i < 30; ++i) book.Learn(Sample(Shape(64), 8));
  EXPECT_NEAR(Correct(book, Shape(64), Always(1)).factor, 8, 0.1);
}

TEST(RateBook_Test, ANearShapeCorrectsTheModelByItsNearness) {
  RateBook book(10);
  book.Learn(Sample(Shape(64), 3));
  const double distance = std::log(2), near = 1 / (0.0625 + distance * distance), model = 1 / (0.0625 + 4);
  RateBook::Correction correction = Correct(book, Shape(128), Always(1));
  EXPECT_NEAR(correction.factor, std::pow(3, near / (near + model)), 1e-9);
  EXPECT_EQ(correction.basis, Basis::kNearShapes);
  EXPECT_EQ(correction.count, 1u);
  // A model that nobody measured says nothing but how shapes compare.
  correction = Correct(book, Shape(128), Always(1), /*measured=*/false);
  EXPECT_NEAR(correction.factor, 3, 1e-9);
}

// A calibration that something disturbed is wrong of all shapes alike.
TEST(RateBook_Test, TheModelIsTwiceTooSlowThenNearShapesSaySo) {
  RateBook book(10);
  const auto seconds = [](const v1::TrainSpec& spec) { return spec.d_model() * 1e-3; };
  for (const uint32_t d_model : {60, 66, 70}) book.Learn(Sample(Shape(d_model), seconds(Shape(d_model))));
  const v1::TrainSpec between = Shape(64);
  const RateBook::Correction correction = Correct(book, between, [&](const auto& spec) { return 2 * seconds(spec); });
  EXPECT_NEAR(correction.factor, 0.5, 0.01);
}

TEST(RateBook_Test, FarShapesSayLessThanTheModel) {
  RateBook book(10);
  v1::TrainSpec far = Shape(1024);
  far.set_n_digits(20);
  far.set_batch_size(4096);
  book.Learn(Sample(far, 100));
  const RateBook::Correction correction = Correct(book, Shape(8), Always(1));
  EXPECT_EQ(correction.basis, Basis::kCalibration);
  EXPECT_LT(correction.factor, 1.6);
}

TEST(RateBook_Test, WhatIsNoRateChangesNothing) {
  RateBook book(10);
  for (const double seconds : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    storage::Rate sample = Sample(Shape(64), 1);
    sample.seconds_per_unit = seconds;
    EXPECT_EQ(book.Learn(sample).samples, 0u);
  }
  storage::Rate strange = Sample(Shape(64), 1);
  strange.shape = "round";
  EXPECT_EQ(book.Learn(strange).samples, 0u);
  book.Load({strange});
  EXPECT_TRUE(book.List().empty());
}

TEST(RateBook_Test, LoadedAgainItKnowsTheSame) {
  RateBook book(10), again(10);
  for (const double seconds : {1.0, 2.0, 3.0}) book.Learn(Sample(Shape(64), seconds));
  again.Load(book.List());
  EXPECT_NEAR(Correct(again, Shape(64), Always(1)).factor, Correct(book, Shape(64), Always(1)).factor, 1e-12);
  EXPECT_EQ(again.Learn(Sample(Shape(64), 2)).samples, 4u);
}

TEST(RateBook_Test, TooManyShapesThenTheOldestGoes) {
  RateBook book(2);
  for (const uint32_t d_model : {64, 65, 66}) {
    book.Learn(Sample(Shape(d_model), d_model));  // later with each
  }
  EXPECT_EQ(book.List().size(), 2u);
  EXPECT_EQ(Correct(book, Shape(64), Always(1)).basis, Basis::kNearShapes);
  EXPECT_EQ(Correct(book, Shape(66), Always(1)).basis, Basis::kThisShape);
}

}  // namespace
}  // namespace sumscope::jobs

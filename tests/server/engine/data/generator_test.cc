#include "server/engine/data/generator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

TrainSpec Spec(TrainOperation operation, Enrichment enrichment) {
  TrainSpec spec;
  spec.operation = operation;
  spec.enrichment = enrichment;
  spec.seed = 99;
  return spec;
}

std::string ReasonOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.reason;
  }
  return "";
}

// Within 5 standard errors of a share.
void ExpectShare(double count, double total, double share) {
  EXPECT_NEAR(count / total, share, 5 * std::sqrt(share * (1 - share) / total));
}

// The data of a seed must never change: old runs resume, and GPUs and CPUs see the same.
TEST(Generator_Test, GivenAStepThenItsBatchIsTheRecordedOne) {
  TrainSpec spec = Spec(TrainOperation::kAdd, Enrichment::kNone);
  spec.batch_size = 2;
  const Questions batch = TrainingBatch(spec, 0x100000003);
  for (uint32_t row = 0; row < 2; ++row) {
    for (int i = 0; i < 5; ++i) {
      const PhiloxBlock words =
          Philox4x32({3, 1, row, 65536u + static_cast<uint32_t>(i / 2)}, 99);  // step low, step high, row, column
      EXPECT_EQ(batch[row].a[i], static_cast<uint8_t>(uint64_t{words[2 * (i % 2)]} * 10 >> 32));
      EXPECT_EQ(batch[row].b[i], static_cast<uint8_t>(uint64_t{words[2 * (i % 2) + 1]} * 10 >> 32));
    }
  }
}

TEST(Generator_Test, GivenMoreDigitsThenTheLowerDigitsStay) {
  TrainSpec small = Spec(TrainOperation::kAdd, Enrichment::kNone), large = small;
  large.n_digits = 9;
  const Questions few = TrainingBatch(small, 7), many = TrainingBatch(large, 7);
  for (size_t q = 0; q < few.size(); ++q) {
    EXPECT_TRUE(std::equal(few[q].a.begin(), few[q].a.begin() + 5, many[q].a.begin()));
  }
}

// Paper 1: a fifth of the batches has each cell set to D + D' = 9 with probability 0.2 (beside the 0.1 by chance);
// paper 2: two fifths, 0.4.
TEST(Generator_Test, GivenAnEnrichmentThenBatchesAndCellsHaveItsShares) {
  const std::map<Enrichment, std::pair<double, double>> expected = {
      {Enrichment::kNone, {0, 0}}, {Enrichment::kPaper1, {0.2, 0.2}}, {Enrichment::kPaper2, {0.4, 0.4}}};
  for (const auto& [enrichment, shares] : expected) {
    const TrainSpec spec = Spec(TrainOperation::kAdd, enrichment);
    constexpr int kSteps = 4000;
    const double cells = 64.0 * 5;
    const double threshold = 0.1 + shares.second / 2 * 0.9;  // halfway between plain and enriched batches
    double batches = 0, nines_in_enriched = 0;
    for (uint64_t step = 0; step < kSteps; ++step) {
      double nines = 0;
      for (const Question& question : TrainingBatch(spec, step)) {
        for (int i = 0; i < 5; ++i) nines += question.a[i] + question.b[i] == 9;
      }
      if (shares.first > 0 && nines / cells > threshold) {
        ++batches;
        nines_in_enriched += nines;
      }
    }
    ExpectShare(batches, kSteps, shares.first);
    if (batches > 0) {
      EXPECT_NEAR(nines_in_enriched / (batches * cells), 0.1 + 0.9 * shares.second, 0.005);
    }
  }
}

TEST(Generator_Test, GivenEnrichedAdditionsThenOneOperandStaysUniform) {
  const TrainSpec spec = Spec(TrainOperation::kAdd, Enrichment::kPaper2);
  std::array<double, 10> counts{};
  double total = 0;
  for (uint64_t step = 0; step < 2000; ++step) {
    for (const Question& question : TrainingBatch(spec, step)) {
      for (int i = 0; i < 5; ++i) {
        ++counts[question.a[i]];
        ++total;
      }
    }
  }
  for (const double count : counts) ExpectShare(count, total, 0.1);
}

// Paper 2, subtraction: in two fifths of the batches every D' below 9 is raised by one, so no D' is 0; in 1 of 100 of
// those all rows have D' = D instead.
TEST(Generator_Test, GivenSubtractionsThenPaper2sEnrichmentHasItsShares) {
  const TrainSpec spec = Spec(TrainOperation::kSub, Enrichment::kPaper2);
  constexpr int kSteps = 20000;
  double raised = 0, equal = 0;
  Questions batch;
  for (uint64_t step = 0; step < kSteps; ++step) {
    FillTrainingBatch(spec, step, &batch);
    bool no_zero = true, all_equal = true;
    for (const Question& question : batch) {
      all_equal = all_equal && question.a == question.b;
      for (int i = 0; i < 5; ++i) no_zero = no_zero && question.b[i] != 0;
    }
    raised += no_zero;
    equal += all_equal;
  }
  ExpectShare(raised, kSteps, 0.4 * 0.99);
  ExpectShare(equal, kSteps, 0.4 * 0.01);
}

TEST(Generator_Test, GivenOperationsOfLaterThenTheyAreRefused) {
  for (const TrainOperation operation : {TrainOperation::kMul, TrainOperation::kMix, TrainOperation::kMas}) {
    EXPECT_EQ(ReasonOf([&] { TrainingBatch(Spec(operation, Enrichment::kNone), 0); }), "OPERATION_NOT_SUPPORTED");
  }
}

TEST(QuestionSource_Test, GivenAnySplitThenTheSameQuestions) {
  for (const auto& source : {UniformSource(Operation::kSub, 7, 1000, 3), StratifiedSource(Operation::kAdd, 7, 150, 3),
                             ClassSource(QuestionClass::kN3, 7, 1000, 3)}) {
    Questions all, part;
    source->Fill(0, source->count(), &all);
    ASSERT_EQ(all.size(), source->count());
    for (uint64_t first = 0; first < source->count(); first += 77) {
      const uint64_t count = std::min<uint64_t>(77, source->count() - first);
      source->Fill(first, count, &part);
      ASSERT_EQ(part.size(), count);
      for (uint64_t i = 0; i < count; ++i) EXPECT_EQ(part[i], all[first + i]);
    }
  }
}

TEST(QuestionSource_Test, GivenSeedsAndStreamsThenQuestionsDiffer) {
  Questions one, other_seed, other_stream;
  UniformSource(Operation::kAdd, 5, 100, 1)->Fill(0, 100, &one);
  UniformSource(Operation::kAdd, 5, 100, 2)->Fill(0, 100, &other_seed);
  UniformSource(Operation::kAdd, 5, 100, 1, Stream::kHeldout)->Fill(0, 100, &other_stream);
  EXPECT_NE(one, other_seed);
  EXPECT_NE(one, other_stream);
}

TEST(QuestionSource_Test, GivenTheLastIndexThenNothingBeforeItIsDrawn) {
  Questions questions;
  UniformSource(Operation::kAdd, 20, kMaxQuestions, 1)->Fill(kMaxQuestions - 1, 1, &questions);
  EXPECT_EQ(questions.size(), 1u);
}

TEST(QuestionSource_Test, GivenAClassThenEveryQuestionIsInIt) {
  for (const int n : {2, 3, 5, 13, 20}) {
    for (const Operation op : {Operation::kAdd, Operation::kSub}) {
      for (const QuestionClass question_class : ClassesOf(op, n)) {
        Questions questions;
        ClassSource(question_class, n, 200, 1)->Fill(0, 200, &questions);
        for (const Question& question : questions) {
          ASSERT_EQ(Classify(question), question_class) << QuestionText(question);
        }
      }
    }
  }
}

// Two digits have 10,000 questions: count how often each member of a class comes. Chi-square of m-1 degrees of freedom
// has mean m-1 and variance 2(m-1); the bar is 5 standard deviations.
TEST(QuestionSource_Test, GivenAClassThenItsQuestionsAreUniform) {
  for (const QuestionClass question_class : {QuestionClass::kS1, QuestionClass::kS2, QuestionClass::kM0,
                                             QuestionClass::kM1, QuestionClass::kN1, QuestionClass::kN2}) {
    constexpr uint64_t kCount = 200000;
    const double members = std::round(ClassShare(question_class, 2) * 10000);
    std::map<std::string, double> counts;
    Questions questions;
    ClassSource(question_class, 2, kCount, 4)->Fill(0, kCount, &questions);
    for (const Question& question : questions) ++counts[QuestionText(question)];
    EXPECT_EQ(static_cast<double>(counts.size()), members) << ClassName(question_class);
    const double expected = kCount / members;
    double chi_square = 0;
    for (const auto& [text, count] : counts) chi_square += (count - expected) * (count - expected) / expected;
    EXPECT_NEAR(chi_square, members - 1, 5 * std::sqrt(2 * (members - 1))) << ClassName(question_class);
  }
}

TEST(QuestionSource_Test, GivenStratifiedThenEachClassHasItsCount) {
  const auto source = StratifiedSource(Operation::kSub, 5, 10, 0);
  Questions questions;
  source->Fill(0, source->count(), &questions);
  std::map<QuestionClass, int> counts;
  for (const Question& question : questions) ++counts[Classify(question)];
  EXPECT_EQ(counts.size(), 9u);
  for (const auto& [question_class, count] : counts) EXPECT_EQ(count, 10) << ClassName(question_class);
}

TEST(QuestionSource_Test, GivenBadRequestsThenEachHasItsReason) {
  EXPECT_EQ(ReasonOf([] { UniformSource(Operation::kAdd, 5, 0, 0); }), "BAD_COUNT");
  EXPECT_EQ(ReasonOf([] { UniformSource(Operation::kAdd, 5, kMaxQuestions + 1, 0); }), "BAD_COUNT");
  EXPECT_EQ(ReasonOf([] { UniformSource(Operation::kAdd, 1, 1, 0); }), "BAD_DIGITS");
  EXPECT_EQ(ReasonOf([] { UniformSource(Operation::kMul, 5, 1, 0); }), "OPERATION_NOT_SUPPORTED");
  EXPECT_EQ(ReasonOf([] { ClassSource(QuestionClass::kS5, 4, 1, 0); }), "CLASS_IMPOSSIBLE");
  EXPECT_EQ(ReasonOf([] { ClassSource(QuestionClass::kM4, 4, 1, 0); }), "CLASS_IMPOSSIBLE");
  EXPECT_EQ(ReasonOf([] { ListSource({}); }), "BAD_COUNT");
  EXPECT_EQ(ReasonOf([] { ListSource({ParseQuestion("1+1", 3), ParseQuestion("1+1", 4)}); }), "WRONG_DIGITS");
}

}  // namespace
}  // namespace sumscope::engine

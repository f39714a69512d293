#include "server/engine/data/training_batch.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace sumscope::engine {
namespace {

TrainSpec Spec(TrainOperation operation, Enrichment enrichment) {
  TrainSpec spec;
  spec.operation = operation;
  spec.enrichment = enrichment;
  spec.seed = 99;
  return spec;
}

// Within 5 standard errors of a share.
void ExpectShare(double count, double total, double share) {
  EXPECT_NEAR(count / total, share, 5 * std::sqrt(share * (1 - share) / total));
}

// The data of a seed must never change: old runs resume, and GPUs and CPUs see the same.
TEST(TrainingBatch_Test, GivenAStepThenItsBatchIsTheRecordedOne) {
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

TEST(TrainingBatch_Test, GivenMoreDigitsThenTheLowerDigitsStay) {
  TrainSpec small = Spec(TrainOperation::kAdd, Enrichment::kNone), large = small;
  large.n_digits = 9;
  const Questions few = TrainingBatch(small, 7), many = TrainingBatch(large, 7);
  for (size_t q = 0; q < few.size(); ++q) {
    EXPECT_TRUE(std::equal(few[q].a.begin(), few[q].a.begin() + 5, many[q].a.begin()));
  }
}

// Paper 1: a fifth of the batches has each cell set to D + D' = 9 with probability 0.2 (beside the 0.1 by chance);
// paper 2: two fifths, 0.4.
TEST(TrainingBatch_Test, GivenAnEnrichmentThenBatchesAndCellsHaveItsShares) {
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

TEST(TrainingBatch_Test, GivenEnrichedAdditionsThenOneOperandStaysUniform) {
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
TEST(TrainingBatch_Test, GivenSubtractionsThenPaper2sEnrichmentHasItsShares) {
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

std::vector<std::string> Texts(const Questions& questions) {
  std::vector<std::string> texts;
  for (const Question& question : questions) texts.push_back(QuestionText(question));
  return texts;
}

// Recorded: what a seed draws must never change.
TEST(TrainingBatch_Test, GivenEachOperationThenItsBatchIsTheRecordedOne) {
  const auto batch = [](TrainOperation operation, bool grokfast, uint64_t step) {
    TrainSpec spec = Spec(operation, Enrichment::kPaper2);
    spec.grokfast = grokfast;
    spec.batch_size = 4;
    return Texts(TrainingBatch(spec, step));
  };
  using T = std::vector<std::string>;
  EXPECT_EQ(batch(TrainOperation::kAdd, false, 0), (T{"73771+21061", "65000+43186", "51496+89359", "20766+51854"}));
  EXPECT_EQ(batch(TrainOperation::kMul, false, 0), (T{"00771*00061", "00000*00186", "00496*00359", "00766*00854"}));
  EXPECT_EQ(batch(TrainOperation::kMix, false, 0), (T{"73771+21061", "65000+43186", "51496+89359", "20766+51854"}));
  EXPECT_EQ(batch(TrainOperation::kMix, false, 1), (T{"93534-57753", "64248-28105", "20631-18635", "86701-22019"}));
  EXPECT_EQ(batch(TrainOperation::kMix, true, 1), (T{"93534-57753", "64248-28105", "20631+18635", "86701+22019"}));
  EXPECT_EQ(batch(TrainOperation::kMas, false, 2), (T{"00721*00610", "00144*00979", "00567*00095", "00480*00010"}));
  EXPECT_EQ(batch(TrainOperation::kMas, true, 2), (T{"00721*00610", "00144*00979", "39567-40095", "73480+35010"}));
}

std::map<Operation, double> CountBatches(const TrainSpec& spec, int steps) {
  std::map<Operation, double> counts;
  Questions batch;
  for (int step = 0; step < steps; ++step) {
    FillTrainingBatch(spec, static_cast<uint64_t>(step), &batch);
    ++counts[batch[0].op];
    for (const Question& question : batch) EXPECT_EQ(question.op, batch[0].op);
  }
  return counts;
}

TEST(TrainingBatch_Test, GivenMixedRunsThenBatchesHaveTheirShares) {
  constexpr int kSteps = 5000;
  auto mix = CountBatches(Spec(TrainOperation::kMix, Enrichment::kPaper2), kSteps);
  ExpectShare(mix[Operation::kSub], kSteps, 0.66);
  EXPECT_EQ(mix[Operation::kMul], 0);
  TrainSpec initialised = Spec(TrainOperation::kMix, Enrichment::kPaper2);
  initialised.insert_mode = InsertMode::kInit;
  ExpectShare(CountBatches(initialised, kSteps)[Operation::kSub], kSteps, 0.8);
  auto mas = CountBatches(Spec(TrainOperation::kMas, Enrichment::kPaper2), kSteps);
  ExpectShare(mas[Operation::kMul], kSteps, 0.5);
  ExpectShare(mas[Operation::kSub], kSteps, 0.3);
  ExpectShare(mas[Operation::kAdd], kSteps, 0.2);
}

TEST(TrainingBatch_Test, GivenGrokFastThenEveryMixedBatchHoldsAllOperations) {
  const auto rows = [](TrainOperation operation, InsertMode mode, uint64_t step) {
    TrainSpec spec = Spec(operation, Enrichment::kPaper2);
    spec.grokfast = true;
    spec.insert_mode = mode;
    std::array<int, 3> counts{};  // add, sub, mul
    for (const Question& question : TrainingBatch(spec, step)) ++counts[static_cast<size_t>(question.op)];
    return counts;
  };
  for (uint64_t step = 0; step < 50; ++step) {
    EXPECT_EQ(rows(TrainOperation::kMix, InsertMode::kNone, step), (std::array<int, 3>{22, 42, 0}));
    EXPECT_EQ(rows(TrainOperation::kMix, InsertMode::kAll, step), (std::array<int, 3>{13, 51, 0}));
    EXPECT_EQ(rows(TrainOperation::kMas, InsertMode::kNone, step), (std::array<int, 3>{13, 19, 32}));
  }
}

// Each operation of a mixed run is enriched as alone, products never are: its rows are those of its own run.
TEST(TrainingBatch_Test, GivenAMixedRunThenItsRowsAreThoseOfTheirOperationsRun) {
  for (const Enrichment enrichment : {Enrichment::kNone, Enrichment::kPaper1, Enrichment::kPaper2}) {
    TrainSpec mixed = Spec(TrainOperation::kMas, enrichment);
    mixed.grokfast = true;
    for (uint64_t step = 0; step < 100; ++step) {
      const Questions batch = TrainingBatch(mixed, step);
      const std::array<Questions, 3> alone = {TrainingBatch(Spec(TrainOperation::kAdd, enrichment), step),
                                              TrainingBatch(Spec(TrainOperation::kSub, enrichment), step),
                                              TrainingBatch(Spec(TrainOperation::kMul, Enrichment::kNone), step)};
      for (size_t row = 0; row < batch.size(); ++row) {
        EXPECT_EQ(batch[row], alone[static_cast<size_t>(batch[row].op)][row]);
      }
    }
  }
}

TEST(TrainingBatch_Test, GivenProductsThenTheirTopHalvesAreZeroAndTheRestIsUniform) {
  for (const int n : {2, 3, 5, 6, 20}) {
    TrainSpec spec = Spec(TrainOperation::kMul, Enrichment::kPaper2);
    spec.n_digits = n;
    std::array<double, 10> counts{};
    double total = 0;
    for (uint64_t step = 0; step < 200; ++step) {
      for (const Question& question : TrainingBatch(spec, step)) {
        TrueAnswer(question);  // throws when the product does not fit
        for (int i = 0; i < n; ++i) {
          if (i >= n - n / 2) {
            EXPECT_EQ(question.a[i] + question.b[i], 0);
          } else {
            ++counts[question.a[i]];
            ++counts[question.b[i]];
            total += 2;
          }
        }
      }
    }
    for (const double count : counts) ExpectShare(count, total, 0.1);
  }
}

}  // namespace
}  // namespace sumscope::engine

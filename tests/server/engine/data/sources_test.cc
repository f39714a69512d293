#include "server/engine/data/sources.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/engine/data/training_batch.h"
#include "tests/server/engine/reason_of.h"

namespace sumscope::engine {
namespace {

Questions All(const QuestionSource& source) {
  Questions questions;
  source.Fill(0, source.count(), &questions);
  return questions;
}

std::vector<std::string> Texts(const std::unique_ptr<QuestionSource>& source) {
  std::vector<std::string> texts;
  for (const Question& question : All(*source)) texts.push_back(QuestionText(question));
  return texts;
}

TEST(QuestionSource_Test, GivenAnySplitThenTheSameQuestions) {
  for (const auto& source :
       {UniformSource(Operation::kSub, 7, 1000, 3), StratifiedSource(Operation::kAdd, 7, 150, 3),
        ClassSource(QuestionClass::kN3, 7, 1000, 3), MixedSource(7, 1000, 3),
        UniformSource(TrainOperation::kMas, 7, 1000, 3),
        EnrichedSource(TrainOperation::kMix, 7, 1000, 3, Enrichment::kPaper2),
        StratifiedSource(TrainOperation::kMix, 7, 100, 3), TricaseSource(Operation::kSub, 7, 4, 300, 3),
        LookBackSource(Operation::kSub, 7, 4, 2, 1000, 3, true)}) {
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
  EXPECT_EQ(ReasonOf([] { StratifiedSource(Operation::kMul, 5, 1, 0); }), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(ReasonOf([] { StratifiedSource(TrainOperation::kMas, 5, 1, 0); }), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(ReasonOf([] { TricaseSource(Operation::kMul, 5, 1, 1, 0); }), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(ReasonOf([] { TricaseSource(Operation::kAdd, 5, 5, 1, 0); }), "BAD_COLUMN");
  EXPECT_EQ(ReasonOf([] { TricaseSource(Operation::kAdd, 5, 1, kMaxQuestions / 3 + 1, 0); }), "BAD_COUNT");
  EXPECT_EQ(ReasonOf([] { LookBackSource(Operation::kMul, 5, 1, 0, 1, 0, false); }), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(ReasonOf([] { LookBackSource(Operation::kAdd, 5, 6, 0, 1, 0, false); }), "BAD_COLUMN");
  EXPECT_EQ(ReasonOf([] { LookBackSource(Operation::kSub, 5, 5, 0, 1, 0, false); }), "BAD_COLUMN");
  EXPECT_EQ(ReasonOf([] { LookBackSource(Operation::kAdd, 5, 3, 3, 1, 0, false); }), "BAD_COLUMN");
  EXPECT_EQ(ReasonOf([] { ClassSource(QuestionClass::kS5, 4, 1, 0); }), "CLASS_IMPOSSIBLE");
  EXPECT_EQ(ReasonOf([] { ClassSource(QuestionClass::kM4, 4, 1, 0); }), "CLASS_IMPOSSIBLE");
  EXPECT_EQ(ReasonOf([] { ListSource({}); }), "BAD_COUNT");
  EXPECT_EQ(ReasonOf([] { ListSource({ParseQuestion("1+1", 3), ParseQuestion("1+1", 4)}); }), "WRONG_DIGITS");
}

// Recorded: what a seed draws must never change, or old results would be of other questions.
TEST(QuestionSource_Test, GivenASeedThenItsQuestionsAreTheRecordedOnes) {
  using T = std::vector<std::string>;
  EXPECT_EQ(Texts(MixedSource(5, 3, 3)), (T{"93464+17951", "42857-02622", "76073+11245"}));
  EXPECT_EQ(Texts(UniformSource(Operation::kMul, 5, 3, 3)), (T{"00464*00951", "00857*00622", "00073*00245"}));
  EXPECT_EQ(Texts(UniformSource(TrainOperation::kMas, 5, 4, 3)),
            (T{"93464+17951", "42857-02622", "00073*00245", "67778+13103"}));
  const T enriched = Texts(EnrichedSource(TrainOperation::kMix, 5, 66, 3, Enrichment::kPaper2));
  EXPECT_EQ(T(enriched.begin() + 62, enriched.end()), (T{"99991+12156", "58128-88904", "42757+97242", "66585-86161"}));
  EXPECT_EQ(Texts(TricaseSource(Operation::kAdd, 5, 2, 1, 3)).size(), 3u);
  EXPECT_EQ(Texts(TricaseSource(Operation::kSub, 5, 2, 2, 3)),
            (T{"67961-66614", "45804-60277", "63134-46113", "84921-59947", "43450-98699", "95081-62366"}));
  EXPECT_EQ(Texts(LookBackSource(Operation::kAdd, 5, 4, 2, 3, 3, false)),
            (T{"76615+13301", "63972+76083", "71852+68138"}));
  EXPECT_EQ(Texts(LookBackSource(Operation::kSub, 5, 3, 2, 3, 3, false)),
            (T{"85856-34853", "99734-90730", "54960-23963"}));
}

// The same rule as training's, on a stream of its own.
TEST(QuestionSource_Test, GivenEnrichedThenBatchesOf64HaveTheShareOfTraining) {
  constexpr uint64_t kBatches = 3000;
  const Questions questions = All(*EnrichedSource(TrainOperation::kSub, 5, 64 * kBatches, 1, Enrichment::kPaper2));
  double enriched = 0;
  for (uint64_t batch = 0; batch < kBatches; ++batch) {
    bool no_zero = true;
    for (uint64_t row = 0; row < 64; ++row) {
      for (int i = 0; i < 5; ++i) no_zero = no_zero && questions[64 * batch + row].b[i] != 0;
    }
    enriched += no_zero;
  }
  EXPECT_NEAR(enriched / kBatches, 0.4 * 0.99, 5 * std::sqrt(0.24 / kBatches));
}

TEST(QuestionSource_Test, GivenStratifiedOfMixThenAllClassesOfBothOperations) {
  std::map<QuestionClass, int> counts;
  for (const Question& question : All(*StratifiedSource(TrainOperation::kMix, 5, 10, 0))) ++counts[Classify(question)];
  EXPECT_EQ(counts.size(), ClassesOf(Operation::kAdd, 5).size() + ClassesOf(Operation::kSub, 5).size());
  for (const auto& [question_class, count] : counts) EXPECT_EQ(count, 10) << ClassName(question_class);
}

// Chi-square of the pairs of one column against uniform over `members` pairs, at most 5 standard deviations off.
void ExpectUniformPairs(const Questions& questions, int column, size_t members) {
  std::map<std::pair<int, int>, double> counts;
  for (const Question& question : questions) ++counts[{question.a[column], question.b[column]}];
  EXPECT_EQ(counts.size(), members) << "column " << column;
  const double expected = static_cast<double>(questions.size()) / static_cast<double>(members);
  double chi_square = 0;
  for (const auto& [pair, count] : counts) chi_square += (count - expected) * (count - expected) / expected;
  const double freedom = static_cast<double>(members) - 1;
  EXPECT_NEAR(chi_square, freedom, 5 * std::sqrt(2 * freedom)) << "column " << column;
}

TEST(QuestionSource_Test, GivenTricasesThenEachCaseHasItsPairsUniformly) {
  constexpr uint64_t kCount = 20000;
  for (const Operation op : {Operation::kAdd, Operation::kSub}) {
    const Questions all = All(*TricaseSource(op, 4, 2, kCount, 5));
    ASSERT_EQ(all.size(), 3 * kCount);
    const std::array<size_t, 3> members = {45, 10, 45};  // of both operations
    for (size_t tricase = 0; tricase < 3; ++tricase) {
      const Questions some(all.begin() + static_cast<int64_t>(tricase * kCount),
                           all.begin() + static_cast<int64_t>((tricase + 1) * kCount));
      for (const Question& question : some) {
        const int sum = question.a[2] + question.b[2], difference = question.a[2] - question.b[2];
        const size_t found = op == Operation::kAdd ? (sum <= 8   ? 0
                                                      : sum == 9 ? 1
                                                                 : 2)
                                                   : (difference > 0    ? 0
                                                      : difference == 0 ? 1
                                                                        : 2);
        ASSERT_EQ(found, tricase) << QuestionText(question);
      }
      ExpectUniformPairs(some, 2, members[tricase]);
      for (const int column : {0, 1, 3}) ExpectUniformPairs(some, column, 100);
    }
  }
}

TEST(QuestionSource_Test, GivenALookBackOfAdditionsThenColumnsAreAsTheVerdictAsks) {
  for (int i = 1; i <= 4; ++i) {
    for (int m = 0; m < i; ++m) {
      const Questions all = All(*LookBackSource(Operation::kAdd, 4, i, m, 20000, 5, false));
      for (int column = 0; column < 4; ++column) {
        const bool passes = column < i && column >= i - m, decides = column == i || column == i - m - 1;
        for (const Question& question : all) {
          const bool nine = question.a[column] + question.b[column] == 9;
          ASSERT_TRUE(passes ? nine : decides ? !nine : true) << QuestionText(question);
        }
        ExpectUniformPairs(all, column, passes ? 10 : decides ? 90 : 100);
      }
    }
  }
}

TEST(QuestionSource_Test, GivenALookBackOfSubtractionsThenColumnsAndOrderAreAsTheVerdictAsks) {
  for (int i = 1; i <= 3; ++i) {
    for (int m = 0; m < i; ++m) {
      const Questions plain = All(*LookBackSource(Operation::kSub, 4, i, m, 500, 5, false));
      const Questions exchanged = All(*LookBackSource(Operation::kSub, 4, i, m, 500, 5, true));
      for (size_t q = 0; q < plain.size(); ++q) {
        EXPECT_GT(CompareOperands(plain[q]), 0) << QuestionText(plain[q]);
        EXPECT_EQ(plain[q].a, exchanged[q].b);
        EXPECT_EQ(plain[q].b, exchanged[q].a);
        for (int column = 0; column < 4; ++column) {
          const bool equal = plain[q].a[column] == plain[q].b[column];
          if (column < i && column >= i - m) {
            EXPECT_TRUE(equal) << QuestionText(plain[q]);
          } else if (column == i || column == i - m - 1) {
            EXPECT_FALSE(equal) << QuestionText(plain[q]);
          }
        }
      }
      if (i == 3) ExpectUniformPairs(All(*LookBackSource(Operation::kSub, 4, i, m, 20000, 5, false)), 3, 45);
    }
  }
}

}  // namespace
}  // namespace sumscope::engine

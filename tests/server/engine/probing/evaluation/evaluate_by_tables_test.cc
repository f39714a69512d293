// Evaluate by tables beside Evaluate by the forward pass alone.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "server/engine/data/sources.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/probing/evaluation/evaluate_tally.h"
#include "server/engine/probing/evaluation/loss_sample.h"
#include "server/engine/runtime/error.h"
#include "tests/server/engine/probing/evaluation/same_results.h"
#include "tests/server/engine/probing/evaluation/small_models.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {
namespace {

// Where two losses are all but equal, either may come first.
void ExpectSameWorst(const EvaluateResult& left, const EvaluateResult& right) {
  ASSERT_EQ(left.worst.size(), right.worst.size());
  for (size_t i = 0; i < left.worst.size(); ++i) {
    EXPECT_NEAR(left.worst[i].loss, right.worst[i].loss, 1e-5 * right.worst[i].loss);
    const bool apart = (i == 0 || right.worst[i - 1].loss > 1.0001 * right.worst[i].loss) &&
                       (i + 1 < right.worst.size() && right.worst[i].loss > 1.0001 * right.worst[i + 1].loss);
    if (!apart) continue;
    EXPECT_EQ(QuestionText(left.worst[i].question), QuestionText(right.worst[i].question));
    EXPECT_EQ(left.worst[i].predicted, right.worst[i].predicted);
  }
}

TEST(EvaluateByTables_Test, GivenUpToTheSampleThenAllIsAsByTheForwardPass) {
  const Model untrained = SmallModel(3, Format::kSigned, 1), spread = TableModel(3, Format::kSigned);
  for (const Model* model : {&untrained, &spread}) {
    for (const auto& source : {MixedSource(3, 1500, 1), StratifiedSource(TrainOperation::kMix, 3, 100, 2),
                               UniformSource(TrainOperation::kMas, 3, 600, 3)}) {
      const EvaluateResult result = Evaluate(*model, *source, {}), expected = ByForward(*model, *source);
      EXPECT_TRUE(result.by_tables);
      EXPECT_LT(result.rechecked, source->count() / 4);
      EXPECT_FALSE(expected.by_tables);
      EXPECT_EQ(expected.rechecked, 0u);
      EXPECT_EQ(result.exact.loss_count, source->count());
      ExpectSame(result, expected, /*losses=*/true);
      ExpectSameWorst(result, expected);
    }
  }
}

TEST(EvaluateByTables_Test, GivenATrainedModelThenNearlyNothingIsRecheckedAndAllIsAsByTheForwardPass) {
  const ModelConfig config = {1, 3, 510, 170, 2040, 18, 12};
  const Model model = {config, 5, Format::kPlain,
                       testing::OracleTensors("add_d5_l1_h3/model.safetensors").Weights(config, torch::kFloat32),
                       torch::kCPU};
  const auto source = StratifiedSource(Operation::kAdd, 5, 150, 2);
  const EvaluateResult result = Evaluate(model, *source, {}), expected = ByForward(model, *source);
  EXPECT_TRUE(result.by_tables);
  EXPECT_LT(result.rechecked, source->count() / 50);
  EXPECT_GT(result.exact.correct, 0u);
  EXPECT_LT(result.exact.correct, source->count());
  ExpectSame(result, expected, /*losses=*/true);
  ExpectSameWorst(result, expected);
}

std::unique_ptr<QuestionSource> SampleOf(const QuestionSource& all) {
  const LossSample sample(all.count());
  Questions questions, sampled;
  all.Fill(0, all.count(), &questions);
  for (size_t i = 0; i < questions.size(); ++i) {
    if (sample.Has(i)) sampled.push_back(questions[i]);
  }
  return ListSource(std::move(sampled));
}

TEST(EvaluateByTables_Test, GivenMoreThanTheSampleThenCountsAreOfAllAndLossesOfTheSample) {
  const Model model = TableModel(2, Format::kSigned);
  const auto source = MixedSource(2, 23'000, 1);
  const EvaluateResult result = Evaluate(model, *source, {}), expected = ByForward(model, *source);
  EXPECT_EQ(result.exact.loss_count, kLossSample);
  EXPECT_EQ(expected.exact.loss_count, 23'000u);
  ExpectSame(result, expected, /*losses=*/false);
  const EvaluateResult sampled = ByForward(model, *SampleOf(*source));
  ExpectSameLoss(result.exact, sampled.exact);
  for (size_t i = 0; i < result.digits.size(); ++i) ExpectSameLoss(result.digits[i].tally, sampled.digits[i].tally);
  for (size_t i = 0; i < result.classes.size(); ++i) ExpectSameLoss(result.classes[i].tally, sampled.classes[i].tally);
  for (size_t i = 0; i < result.cells.size(); ++i) ExpectSameLoss(result.cells[i].tally, sampled.cells[i].tally);
  for (size_t i = 0; i < result.cascades.size(); ++i) {
    ExpectSameLoss(result.cascades[i].tally, sampled.cascades[i].tally);
  }
  EvaluateRequest in_full;
  in_full.loss_in_full = true;
  const EvaluateResult full = Evaluate(model, *source, in_full);
  EXPECT_TRUE(full.by_tables);
  ExpectSame(full, expected, /*losses=*/true);
  ExpectSameWorst(full, expected);
}

// Beside the sample the first kWrongBesideSample wrong questions have a loss: here all of them.
TEST(EvaluateByTables_Test, GivenFailuresBesideTheSampleThenTheWorstOfThemAreListed) {
  const Model model = TableModel(2, Format::kSigned);
  const auto source = MixedSource(2, 15'000, 1);
  EvaluateRequest request;
  request.worst_count = 200;
  const EvaluateResult result = Evaluate(model, *source, request), expected = ByForward(model, *source, request);
  EXPECT_EQ(result.exact.loss_count, kLossSample);
  EXPECT_GT(result.exact.count - result.exact.correct, 14'000u);
  ExpectSameWorst(result, expected);
}

TEST(EvaluateByTables_Test, GivenOtherModelsThenTheForwardPassAnswersAndItIsSaid) {
  const auto source = UniformSource(Operation::kAdd, 2, 10'050, 1);
  Model wide = TableModel(2, Format::kPlain);
  for (auto& [name, tensor] : wide.weights) tensor = tensor.to(torch::kFloat64);
  const Model deep = SmallModel(2, Format::kPlain);
  Model huge = TableModel(2, Format::kPlain);  // its logits' rounding is more than any margin
  for (auto& [name, tensor] : huge.weights) tensor *= 1e5;
  for (const Model* model : std::vector<const Model*>{&wide, &deep, &huge}) {
    const EvaluateResult result = Evaluate(*model, *source, {});
    EXPECT_FALSE(result.by_tables);
    EXPECT_EQ(result.rechecked, 0u);
    EXPECT_EQ(result.exact.loss_count, 10'050u);
  }
}

TEST(EvaluateByTables_Test, GivenWeightsThatAreNoNumbersThenTheyAreRefused) {
  Model model = TableModel(2, Format::kPlain);
  model.weights[0].second.fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_THROW(Evaluate(model, *UniformSource(Operation::kAdd, 2, 10, 1), {}), Error);
}

// Tables of a large model were made for seconds, however few questions followed.
TEST(EvaluateByTables_Test, GivenFewQuestionsThenTheForwardPassAnswers) {
  const Model model = TableModel(3, Format::kSigned);
  EXPECT_FALSE(Evaluate(model, *UniformSource(Operation::kAdd, 3, 20, 1), {}).by_tables);
  EXPECT_TRUE(Evaluate(model, *UniformSource(Operation::kAdd, 3, 2000, 1), {}).by_tables);
}

TEST(EvaluateByTables_Test, GivenACancelWhileTablesAreMadeThenItIsHeard) {
  const Model model = TableModel(3, Format::kSigned);
  const auto source = UniformSource(Operation::kAdd, 3, 2000, 1);
  int calls = 0;
  EXPECT_THROW(Evaluate(model, *source, {}, [&](double done) { return ++calls < 3 || done > 0; }), Error);
  EXPECT_EQ(calls, 3);
}

// A batch of tables was read whole by the forward pass, several times as long, before a cancel was heard.
TEST(EvaluateByTables_Test, GivenABatchThatTablesDoNotSettleThenACancelIsHeardBetweenPassesOfIt) {
  Model model = TableModel(2, Format::kPlain);
  for (auto& [name, tensor] : model.weights) {
    if (name.rfind("unembed", 0) == 0) tensor.zero_();  // all tokens are equal
  }
  const Answerer answerer(model);
  ASSERT_TRUE(answerer.by_tables());
  const auto count = static_cast<uint64_t>(answerer.batch_size());
  const int64_t passes = answerer.batch_size() / BatchSize(model.config);
  ASSERT_GT(passes, 4);
  int64_t calls = 0, calls_at_start = 0;
  const ProgressFn progress = [&](double done) { return ++(done == 0 ? calls_at_start : calls), true; };
  const EvaluateResult result = Evaluate(model, *UniformSource(Operation::kAdd, 2, count, 1), {}, progress);
  EXPECT_EQ(result.rechecked, count);
  EXPECT_GE(calls_at_start, passes);
}

// It was infinite.
TEST(ReadAnswer_Test, GivenLogitsThatAreNoNumbersThenTheMarginIsNone) {
  const float kNone = std::numeric_limits<float>::quiet_NaN();
  const int64_t truth[] = {0, 1};
  AnswerReading reading;
  const float numbers[] = {1, 3, 2, 5, 4, 0};
  ReadAnswer(numbers, truth, 2, 3, &reading);
  EXPECT_EQ(reading.smallest_margin, 1);
  const float first[] = {kNone, kNone, kNone, 5, 4, 0}, last[] = {1, 3, 2, 5, kNone, 0};
  for (const float* logits : {first, last}) {
    ReadAnswer(logits, truth, 2, 3, &reading);
    EXPECT_TRUE(std::isnan(reading.smallest_margin));
  }
}

TEST(EvaluateByTables_Test, GivenTablesAboveTheLimitThenTheForwardPassAnswersAndItIsSaid) {
  const Encoding encoding(20, Format::kSigned);
  const ModelConfig config = {1, 3, 8, 2, 66'000, encoding.n_ctx(), encoding.d_vocab()};
  const Model model = {config, 20, Format::kSigned, InitialWeights(config, 1), torch::kCPU};
  const EvaluateResult result = Evaluate(model, *UniformSource(Operation::kAdd, 20, 2, 1), {});
  EXPECT_FALSE(result.by_tables);
  EXPECT_EQ(result.exact.count, 2u);
}

TEST(LossSample_Test, GivenAnyNumberThenOneOfEachStrideIsInIt) {
  for (const uint64_t total : {10'001, 15'000, 20'000, 123'457}) {
    const LossSample sample(total);
    uint64_t count = 0, even = 0, last = 0;
    for (uint64_t i = 0; i < total; ++i) {
      if (!sample.Has(i)) continue;
      EXPECT_LT(i - last, 2 * (total / kLossSample + 1));
      last = i;
      ++count;
      even += i % 2 == 0;
    }
    EXPECT_EQ(count, kLossSample);
    EXPECT_NEAR(static_cast<double>(even), 5000, 200) << total;  // of a source that takes two operations in turn
  }
  for (const uint64_t i : {0, 9'999}) EXPECT_TRUE(LossSample(10'000).Has(i));
  for (const uint64_t i : {0, 1, 999'999}) EXPECT_TRUE(LossSample(1'000'000, 1'000'000).Has(i));
}

TEST(HeldoutLoss_Test, GivenTablesThenItIsTheLossOfTheForwardPass) {
  const Model model = TableModel(3, Format::kSigned);
  const auto source = UniformSource(Operation::kSub, 3, 3000, 0, Stream::kHeldout);
  const double expected = ByForward(model, *source).exact.loss;
  EXPECT_NEAR(HeldoutLoss(model, *source), expected, 1e-6 * expected);
}

// Questions that tables answer only with their losses were counted as wrong ones; beyond the most of these their number
// wrapped, and from there on the loss of every wrong question was read.
TEST(EvaluateByTables_Test, ManyLossesAreKnownBesideTheSampleThenOnlySoManyWrongOnesAreRead) {
  const Encoding encoding(2, Format::kPlain);
  EvaluateTally tally(encoding, 20);
  const Question question = ParseQuestion("12+34", 2);
  const std::vector<int64_t> truth = {0, 4, 6};
  AnswerReading right, wrong;
  right.loss = wrong.loss = {1, 1, 1};
  right.by_forward_pass = wrong.by_forward_pass = false;
  right.predicted = truth;
  wrong.predicted = {0, 4, 7};
  uint64_t index = 0;
  while (index < kWrongBesideSample + 1) tally.AddForced(index++, question, truth.data(), right, /*in_sample=*/false);
  EXPECT_EQ(tally.wrong_to_read(), kWrongBesideSample);
  for (uint64_t i = 0; i < kWrongBesideSample + 1; ++i) {
    tally.AddForced(index++, question, truth.data(), wrong, /*in_sample=*/false);
  }
  EXPECT_EQ(tally.wrong_to_read(), 0u);
}

}  // namespace
}  // namespace sumscope::engine

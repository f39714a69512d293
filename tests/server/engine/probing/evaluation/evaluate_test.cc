#include "server/engine/probing/evaluation/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "server/engine/runtime/error.h"
#include "tests/server/engine/probing/evaluation/small_models.h"

namespace sumscope::engine {
namespace {

struct Read {
  std::vector<int64_t> predicted;
  double loss = 0;
};

// Forced answers by the reference transformer, one question at a time.
Read ReadByReference(const Model& model, const Question& question) {
  const torch::NoGradGuard no_grad;
  const Encoding encoding(model.n_digits, model.format);
  const torch::Tensor tokens = encoding.Encode({question});
  const torch::Tensor logits = Transformer(model.config, model.weights)
                                   .Forward(tokens)
                                   .slice(1, encoding.first_answer_row(), encoding.n_ctx() - 1);
  Read read;
  for (int j = 0; j < encoding.n_answer(); ++j) read.predicted.push_back(logits[0][j].argmax().item<int64_t>());
  read.loss = AnswerLosses(logits, tokens.slice(1, encoding.n_question())).mean().item<double>();
  return read;
}

TEST(Evaluate_Test, GivenAModelThenTheWorstQuestionsAreThoseOfTheReference) {
  const Model model = SmallModel(3, Format::kSigned);
  const auto source = UniformSource(Operation::kSub, 3, 60, 1);
  Questions questions;
  source->Fill(0, 60, &questions);
  std::vector<std::pair<double, size_t>> losses;
  for (size_t q = 0; q < questions.size(); ++q) losses.emplace_back(-ReadByReference(model, questions[q]).loss, q);
  std::sort(losses.begin(), losses.end());
  EvaluateRequest request;
  request.worst_count = 7;
  const EvaluateResult result = Evaluate(model, *source, request);
  ASSERT_EQ(result.worst.size(), 7u);
  const Encoding encoding(3, Format::kSigned);
  for (size_t i = 0; i < 7; ++i) {
    EXPECT_NEAR(result.worst[i].loss, -losses[i].first, 1e-5);
    const Read read = ReadByReference(model, result.worst[i].question);
    EXPECT_NEAR(read.loss, result.worst[i].loss, 1e-5);
    EXPECT_EQ(encoding.Text(read.predicted.data(), encoding.n_answer()), result.worst[i].predicted);
  }
}

// Greedy generation by the reference transformer, which sees only what is written so far.
void ExpectGeneratedAsByReference(const Model& model) {
  const torch::NoGradGuard no_grad;
  const Encoding encoding(2, Format::kSigned);
  const auto source = UniformSource(Operation::kAdd, 2, 300, 1);
  Questions questions;
  source->Fill(0, 300, &questions);
  const torch::Tensor truth = encoding.Encode(questions);
  torch::Tensor line = truth.slice(1, 0, encoding.n_question());
  const Transformer reference(model.config, model.weights);
  for (int j = 0; j < encoding.n_answer(); ++j) {
    line = torch::cat({line, reference.Forward(line).select(1, line.size(1) - 1).argmax(-1, true)}, 1);
  }
  const torch::Tensor right = (line == truth).slice(1, encoding.n_question()).sum(0);
  const EvaluateResult result = Evaluate(model, *source, {});
  for (int j = 0; j < encoding.n_answer(); ++j) {
    EXPECT_EQ(result.generated_sample.digits[static_cast<size_t>(j)].tally.correct,
              static_cast<uint64_t>(right[j].item<int64_t>()));
  }
}
TEST(Evaluate_Test, GivenAModelThenGeneratedAnswersAreThoseOfTheReference) {
  ExpectGeneratedAsByReference(SmallModel(2, Format::kSigned));
  ExpectGeneratedAsByReference(SmallModel(2, Format::kSigned, 1));
  ExpectGeneratedAsByReference(TableModel(2, Format::kSigned));
}

TEST(Evaluate_Test, GivenTheSameQuestionsThenEveryBreakdownAddsUp) {
  const EvaluateResult result =
      Evaluate(SmallModel(5, Format::kSigned), *UniformSource(Operation::kSub, 5, 1500, 2), {});
  uint64_t classes = 0, cells = 0, carries = 0, in_cells = 0;
  double loss = 0;
  for (const ClassTally& tally : result.classes) {
    classes += tally.tally.count;
    loss += tally.tally.loss * static_cast<double>(tally.tally.count);
  }
  EXPECT_EQ(classes, 1500u);
  EXPECT_NEAR(loss / 1500, result.exact.loss, 1e-9);
  for (const CellTally& cell : result.cells) {
    cells += cell.tally.count;
    if (cell.cell != "MD") in_cells += cell.tally.count;
  }
  EXPECT_EQ(cells, 5 * 1500u);
  for (const CascadeTally& cascade : result.cascades) {
    EXPECT_NE(cascade.digit, "A0");
    EXPECT_NE(cascade.digit, "A5");  // max - min never borrows out of the top
    carries += cascade.tally.count;
  }
  EXPECT_EQ(carries, in_cells);  // a borrow into a column is UB1 or UM0
  EXPECT_EQ(result.worst.size(), 20u);
  EXPECT_TRUE(std::is_sorted(result.worst.begin(), result.worst.end(),
                             [](const auto& a, const auto& b) { return a.loss > b.loss; }));
}

TEST(Evaluate_Test, GivenAdditionsThenCascadesReachTheTopDigit) {
  Questions questions = {ParseQuestion("95+5", 2)};  // a carry through one nine into A2, directly into A1
  const EvaluateResult result = Evaluate(SmallModel(2, Format::kPlain), *ListSource(questions), {});
  ASSERT_EQ(result.cascades.size(), 2u);
  EXPECT_EQ(result.cascades[0].length, 0u);
  EXPECT_EQ(result.cascades[0].digit, "A1");
  EXPECT_EQ(result.cascades[1].length, 1u);
  EXPECT_EQ(result.cascades[1].digit, "A2");
}

TEST(Evaluate_Test, GivenManyQuestionsThenOnlyTheFirstTenThousandAreGeneratedUnlessAsked) {
  const Model model = SmallModel(2, Format::kPlain);
  const auto source = UniformSource(Operation::kAdd, 2, 10300, 1);
  EvaluateRequest request;
  EXPECT_EQ(Evaluate(model, *source, request).generated_sample.exact.count, 10000u);
  request.generate = true;
  request.worst_count = 0;
  const EvaluateResult all = Evaluate(model, *source, request);
  EXPECT_EQ(all.generated_sample.exact.count, 10300u);
  EXPECT_TRUE(all.worst.empty());
}

TEST(Evaluate_Test, GivenAProductThenItHasNoClassAndNoCells) {
  const EvaluateResult result = Evaluate(SmallModel(4, Format::kSigned), *ListSource({ParseQuestion("12*34", 4)}), {});
  EXPECT_EQ(result.exact.count, 1u);
  EXPECT_TRUE(result.classes.empty());
  EXPECT_TRUE(result.cells.empty());
}

TEST(Evaluate_Test, GivenProgressThatSaysStopThenItIsCancelled) {
  const Model model = SmallModel(2, Format::kPlain);
  std::vector<double> seen;
  try {
    Evaluate(model, *UniformSource(Operation::kAdd, 2, 5000, 1), {}, [&](double done) {
      seen.push_back(done);
      return seen.size() < 3;
    });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, ErrorKind::kCancelled);
  }
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_LT(seen.back(), 1);
}

TEST(Evaluate_Test, GivenQuestionsOfAnotherModelThenTheyAreRefused) {
  EXPECT_THROW(Evaluate(SmallModel(3, Format::kSigned), *UniformSource(Operation::kAdd, 4, 1, 0), {}), Error);
  EXPECT_THROW(Evaluate(SmallModel(3, Format::kPlain), *UniformSource(Operation::kSub, 3, 1, 0), {}), Error);
  Model broken = SmallModel(3, Format::kPlain);
  broken.weights.pop_back();
  EXPECT_THROW(Evaluate(broken, *UniformSource(Operation::kAdd, 3, 1, 0), {}), Error);
}

TEST(HeldoutLoss_Test, GivenAModelThenItIsTheLossOfEvaluateOnTheHeldoutQuestions) {
  const Model model = SmallModel(3, Format::kSigned);
  const auto source = UniformSource(Operation::kSub, 3, 10000, 0, Stream::kHeldout);
  EXPECT_NEAR(HeldoutLoss(model, *source), Evaluate(model, *source, {}).exact.loss, 1e-12);
}

}  // namespace
}  // namespace sumscope::engine

// Answers and logits by tables beside the forward pass, and beside the reference transformer.
#include "server/engine/model/answer_tables.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "server/engine/data/generator.h"
#include "server/engine/data/sources.h"
#include "server/engine/model/answer_forward.h"
#include "server/engine/runtime/error.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {
namespace {

torch::Tensor Lines(const Encoding& encoding, Operation op, uint64_t count) {
  Questions questions;
  UniformSource(op, encoding.n_digits(), count, 7)->Fill(0, count, &questions);
  return encoding.Encode(questions);
}

// Logits of the answer rows by the reference, [count, n_answer, d_vocab].
torch::Tensor ByReference(const ModelConfig& config, const NamedTensors& weights, const Encoding& encoding,
                          const torch::Tensor& tokens) {
  return Transformer(config, weights).Forward(tokens).slice(1, encoding.first_answer_row(), encoding.n_ctx() - 1);
}

torch::Tensor ByForward(const ModelConfig& config, const NamedTensors& weights, const Encoding& encoding,
                        const torch::Tensor& tokens) {
  const int64_t first = encoding.first_answer_row(), rows = encoding.n_answer();
  const AnswerForward forward(config, BindWeights(config, weights),
                              AnswerForward::Pairs::All(encoding, torch::kCPU, torch::kFloat32), torch::kCPU);
  const AnswerForward::Table table = forward.MakeTable(first, rows);
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& part : tokens.split(500)) parts.push_back(forward.Forward(part, table, first, rows));
  return torch::cat(parts);
}

torch::Tensor ByTables(const AnswerTables& tables, const Encoding& encoding, const torch::Tensor& tokens) {
  const torch::Tensor logits = torch::empty({tokens.size(0), encoding.n_answer(), encoding.d_vocab()});
  tables.Logits(tokens.data_ptr<int64_t>(), static_cast<size_t>(tokens.size(0)), {0, encoding.n_answer()},
                logits.data_ptr<float>());
  return logits;
}

struct Compared {
  int64_t settled = 0, wrong = 0;
};

// What the tables settle, beside the arg-max of `logits`.
Compared Compare(const AnswerTables& tables, const Encoding& encoding, const torch::Tensor& tokens,
                 const torch::Tensor& logits) {
  const int64_t count = tokens.size(0), rows = encoding.n_answer();
  std::vector<int64_t> answers(static_cast<size_t>(count * rows));
  const auto settled = std::make_unique<bool[]>(static_cast<size_t>(count));
  tables.Answer(tokens.data_ptr<int64_t>(), static_cast<size_t>(count), {0, encoding.n_answer()}, AnswerTables::kMargin,
                answers.data(), settled.get());
  const torch::Tensor expected = logits.argmax(-1).contiguous();
  Compared compared;
  for (int64_t q = 0; q < count; ++q) {
    if (!settled[static_cast<size_t>(q)]) continue;
    ++compared.settled;
    compared.wrong +=
        !std::equal(&answers[static_cast<size_t>(q * rows)], &answers[static_cast<size_t>(q * rows)] + rows,
                    expected.data_ptr<int64_t>() + q * rows);
  }
  return compared;
}

class TrainedTables_Test : public ::testing::Test {
 protected:
  const torch::NoGradGuard no_grad_;
  const Encoding encoding_{5, Format::kPlain};
  const ModelConfig config_ = {1, 3, 510, 170, 2040, encoding_.n_ctx(), encoding_.d_vocab()};
  const testing::OracleTensors file_{"add_d5_l1_h3/model.safetensors"};
  const NamedTensors weights_ = file_.Weights(config_, torch::kFloat32);
  const AnswerTables tables_{config_, BindWeights(config_, weights_), encoding_};
};

TEST_F(TrainedTables_Test, GivenQuestionsThenNearlyAllIsSettledAsTheForwardPassAnswers) {
  const torch::Tensor tokens = Lines(encoding_, Operation::kAdd, 3000);
  const Compared compared = Compare(tables_, encoding_, tokens, ByForward(config_, weights_, encoding_, tokens));
  EXPECT_EQ(compared.wrong, 0);
  EXPECT_GT(compared.settled, 2900);
  const torch::Tensor few = tokens.slice(0, 0, 200);
  EXPECT_EQ(Compare(tables_, encoding_, few, ByReference(config_, weights_, encoding_, few)).wrong, 0);
}

// The tables sum in float32 what the reference sums in float64: some 1e-6 of a logit's size, which is about 20, and a
// loss moves by no more than twice the largest change of its logits.
TEST_F(TrainedTables_Test, GivenQuestionsThenLogitsAndLossesAreThoseOfTheReferenceInFloat64) {
  const torch::Tensor tokens = Lines(encoding_, Operation::kAdd, 150);
  const torch::Tensor truth = tokens.slice(1, encoding_.n_question());
  const torch::Tensor expected = ByReference(config_, file_.Weights(config_, torch::kFloat64), encoding_, tokens);
  for (const bool by_tiles : {false, true}) {
    const AnswerTables tables(config_, BindWeights(config_, weights_), encoding_, nullptr, by_tiles);
    const torch::Tensor logits = ByTables(tables, encoding_, tokens).to(torch::kFloat64);
    EXPECT_LT((logits - expected).abs().max().item<double>(), 1e-4);
    const torch::Tensor loss = AnswerLosses(logits, truth), expected_loss = AnswerLosses(expected, truth);
    EXPECT_NEAR(loss.mean().item<double>(), expected_loss.mean().item<double>(), 1e-6);
    EXPECT_LT(((loss - expected_loss).abs() / (1e-2 + expected_loss)).max().item<double>(), 1e-3);
  }
}

TEST(AnswerTables_Test, GivenAnyShapeThenWhatIsSettledIsAsTheForwardPassAnswersAndLogitsAreTheReference) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(5);
  int64_t settled = 0;
  for (const int n : {2, 5, 12}) {
    for (const int64_t heads : {1, 2, 6}) {
      for (const Format format : {Format::kPlain, Format::kSigned}) {
        SCOPED_TRACE(::testing::PrintToString(n) + " digits, " + ::testing::PrintToString(heads) + " heads");
        const Encoding encoding(n, format);
        const ModelConfig config = {1, heads, 40, 9, 70, encoding.n_ctx(), encoding.d_vocab()};
        NamedTensors weights = InitialWeights(config, 8), wide;
        for (auto& [name, tensor] : weights) {
          tensor.add_(torch::randn(tensor.sizes()) * 0.3);
          wide.emplace_back(name, tensor.to(torch::kFloat64));
        }
        const torch::Tensor tokens = Lines(encoding, Operation::kAdd, 200);
        const torch::Tensor expected = ByReference(config, wide, encoding, tokens);
        for (const bool by_tiles : {false, true}) {
          const AnswerTables tables(config, BindWeights(config, weights), encoding, nullptr, by_tiles);
          const Compared compared = Compare(tables, encoding, tokens, ByForward(config, weights, encoding, tokens));
          EXPECT_EQ(compared.wrong, 0);
          settled += compared.settled;
          const torch::Tensor logits = ByTables(tables, encoding, tokens).to(torch::kFloat64);
          EXPECT_LT((logits - expected).abs().max().item<double>(), 1e-4);
        }
      }
    }
  }
  EXPECT_GT(settled, 0);
}

TEST_F(TrainedTables_Test, GivenSomeRowsThenTheirLogitsAreThoseOfAllRowsWhateverStandsBehind) {
  torch::Tensor tokens = Lines(encoding_, Operation::kAdd, 70);
  const torch::Tensor all = ByTables(tables_, encoding_, tokens);
  for (const AnswerTables::Rows rows : {AnswerTables::Rows{0, 1}, AnswerTables::Rows{1, 3}, AnswerTables::Rows{5, 1}}) {
    torch::Tensor lines = tokens.clone();
    lines.slice(1, encoding_.n_question() + rows.first + rows.count - 1) = 0;
    const torch::Tensor logits = torch::empty({70, rows.count, encoding_.d_vocab()});
    tables_.Logits(lines.data_ptr<int64_t>(), 70, rows, logits.data_ptr<float>());
    EXPECT_LT((logits - all.slice(1, rows.first, rows.first + rows.count)).abs().max().item<double>(), 1e-4);
  }
}

TEST(AnswerTables_Test, GivenWeightsThatAreNoNumbersThenNothingIsSettled) {
  const torch::NoGradGuard no_grad;
  const Encoding encoding(3, Format::kPlain);
  const ModelConfig config = {1, 2, 12, 6, 20, encoding.n_ctx(), encoding.d_vocab()};
  NamedTensors weights = InitialWeights(config, 8);
  weights[0].second.fill_(std::numeric_limits<float>::quiet_NaN());
  const AnswerTables tables(config, BindWeights(config, weights), encoding);
  const torch::Tensor tokens = Lines(encoding, Operation::kAdd, 10);
  EXPECT_EQ(Compare(tables, encoding, tokens, torch::zeros({10, 4, 12})).settled, 0);
}

// Making the largest tables takes many seconds.
TEST(AnswerTables_Test, GivenALookThatEndsItThenNoTablesAreMade) {
  const Encoding encoding(3, Format::kPlain);
  const ModelConfig config = {1, 2, 12, 6, 20, encoding.n_ctx(), encoding.d_vocab()};
  const NamedTensors weights = InitialWeights(config, 8);
  int looks = 0;
  const AnswerTables tables(config, BindWeights(config, weights), encoding, [&] { ++looks; });
  EXPECT_GT(looks, 5);
  const auto end = [&] {
    if (--looks == 0) throw Error(ErrorKind::kCancelled, "CANCELLED", "enough");
  };
  EXPECT_THROW(AnswerTables(config, BindWeights(config, weights), encoding, end), Error);
  EXPECT_EQ(looks, 0);
}

TEST(AnswerTables_Test, GivenFewQuestionsThenTablesDoNotPay) {
  const Encoding encoding(5, Format::kPlain);
  const ModelConfig paper = {1, 3, 510, 170, 2040, 18, 12}, wide = {1, 3, 4096, 512, 16384, 18, 12};
  EXPECT_FALSE(AnswerTables::Pays(paper, encoding, 100));
  EXPECT_TRUE(AnswerTables::Pays(paper, encoding, 10'000));
  EXPECT_FALSE(AnswerTables::Pays(wide, encoding, 400));
  EXPECT_TRUE(AnswerTables::Pays(wide, encoding, 1'000'000));
}

TEST(AnswerTables_Test, GivenTwoLayersOrTooFewBytesThenThereAreNone) {
  EXPECT_FALSE(AnswerTables::Fits({2, 3, 510, 170, 2040, 18, 14}, 1 << 30));
  EXPECT_FALSE(AnswerTables::Fits({1, 3, 510, 170, 2040, 18, 14}, 1 << 20));
  EXPECT_FALSE(AnswerTables::Fits({1, 3, 510, 170, 2040, 18, 17}, 1 << 30));
}

}  // namespace
}  // namespace sumscope::engine

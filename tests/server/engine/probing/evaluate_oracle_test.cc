// Evaluate beside the oracle models: tests/oracles/{add_d5_l1_h3,mix_d5_l2_h3_early,mix_d5_l2_h3_small}/expected.json,
// `evaluation` and the generated answers of `look_back`; tolerances of tests/oracles/README.md.
#include "server/engine/probing/evaluation/evaluate.h"
#include "tests/server/engine/probing/oracle_model.h"

namespace sumscope::engine {
namespace {

using nlohmann::json;

void ExpectTally(const Tally& tally, const json& expected) {
  EXPECT_EQ(tally.count, expected.at("count"));
  EXPECT_EQ(tally.correct, expected.at("correct"));
  ExpectLoss(tally.loss, expected.at("loss"));
}

class EvaluateOracle_Test : public OracleModelTest {};

TEST_P(EvaluateOracle_Test, GivenEverySetThenCountsAndLossesAgree) {
  EXPECT_EQ(sets_.size(), expected_.at("evaluation").at("sets").size());
  for (const auto& [set, questions] : sets_) {
    SCOPED_TRACE(set);
    const json& expected = expected_.at("evaluation").at("sets").at(set);
    const EvaluateResult result = Evaluate(model_, *ListSource(questions), {});
    EXPECT_EQ(result.exact.count, expected.at("count"));
    EXPECT_EQ(result.exact.correct, expected.at("exact"));
    ExpectLoss(result.exact.loss, expected.at("loss"));
    EXPECT_EQ(result.near_ties, expected.at("near_ties"));
    ASSERT_EQ(result.digits.size(), expected.at("digit_correct").size());
    for (size_t j = 0; j < result.digits.size(); ++j) {
      EXPECT_EQ(result.digits[j].tally.correct, expected.at("digit_correct")[j]);
      ExpectLoss(result.digits[j].tally.loss, expected.at("digit_loss")[j]);
    }
    // A set of one class has that class alone.
    if (result.classes.size() == 1) {
      EXPECT_EQ(ClassName(result.classes[0].question_class), set);
      EXPECT_EQ(result.classes[0].tally.correct, expected.at("exact"));
    }
    EXPECT_EQ(result.generated_sample.exact.correct, result.exact.correct);
    EXPECT_EQ(result.generated_sample.agrees_with_forced, result.exact.count);
  }
}

TEST_P(EvaluateOracle_Test, GivenTheQuestionFileThenItsClassColumnAgrees) {
  for (const auto& [set, questions] : sets_) {
    for (size_t q = 0; q < questions.size(); ++q) {
      EXPECT_EQ(Classify(questions[q]), ParseClass(classes_[set][q])) << QuestionText(questions[q]);
    }
  }
}

TEST_P(EvaluateOracle_Test, GivenTheUniformSetsThenCellsAgree) {
  size_t compared = 0;
  for (const char* set : {"uniform", "add_uniform", "sub_uniform"}) {
    if (sets_.count(set) == 0) continue;
    for (const CellTally& cell : Evaluate(model_, *ListSource(sets_[set]), {}).cells) {
      SCOPED_TRACE(cell.cell);
      const json& expected = expected_.at("evaluation").at("cells").at(cell.cell);
      ExpectTally(cell.tally, expected);
      ASSERT_EQ(cell.by_column.size(), expected.at("by_column").size());
      for (size_t i = 0; i < cell.by_column.size(); ++i) ExpectTally(cell.by_column[i], expected.at("by_column")[i]);
      ++compared;
    }
  }
  EXPECT_EQ(compared, expected_.at("evaluation").at("cells").size());
}

TEST_P(EvaluateOracle_Test, GivenEverySetThenGeneratedDigitsAgree) {
  for (const auto& [set, expected] : expected_.at("look_back").items()) {
    if (!expected.is_object() || !expected.contains("generated_digit_correct")) continue;
    SCOPED_TRACE(set);
    const EvaluateResult result = Evaluate(model_, *ListSource(sets_.at(set)), {});
    const GeneratedTally& generated = result.generated_sample;
    EXPECT_EQ(generated.exact.count - generated.exact.correct, expected.at("mistakes").at("generated"));
    for (size_t j = 0; j < generated.digits.size(); ++j) {
      EXPECT_EQ(generated.digits[j].tally.correct, expected.at("generated_digit_correct")[j]) << j;
    }
  }
}

TEST_P(EvaluateOracle_Test, GivenFloat64ThenNoCountChanges) {
  for (auto& [name, tensor] : model_.weights) tensor = tensor.to(torch::kFloat64);
  const std::string set = sets_.count("uniform") > 0 ? "uniform" : "sub_uniform";
  const EvaluateResult result = Evaluate(model_, *ListSource(sets_[set]), {});
  EXPECT_EQ(result.exact.correct, expected_.at("evaluation").at("sets").at(set).at("exact"));
  ExpectLoss(result.exact.loss, expected_.at("evaluation").at("sets").at(set).at("loss"));
}

INSTANTIATE_TEST_SUITE_P(Models, EvaluateOracle_Test, kOracleModels, OracleName);

}  // namespace
}  // namespace sumscope::engine

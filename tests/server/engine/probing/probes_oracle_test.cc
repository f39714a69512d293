// The probes beside the oracle models: `attention`, `ablation`, `attribution`, `interventions` and `look_back` of
// tests/oracles/{add_d5_l1_h3,mix_d5_l2_h3_early,mix_d5_l2_h3_small}/expected.json, and verdict.json; tolerances of
// tests/oracles/README.md.
#include "server/engine/probing/attention/attention.h"
#include "server/engine/probing/attention/attribution.h"
#include "server/engine/probing/evaluation/cascades.h"
#include "server/engine/probing/interventions/ablation.h"
#include "server/engine/probing/interventions/node_tags.h"
#include "server/engine/probing/interventions/patch.h"
#include "tests/server/engine/probing/oracle_interventions.h"
#include "tests/server/engine/probing/oracle_model.h"

namespace sumscope::engine {
namespace {

using nlohmann::json;

class ProbesOracle_Test : public OracleModelTest {};

TEST_P(ProbesOracle_Test, GivenUniformQuestionsThenAttentionAgrees) {
  for (const auto& [set, questions] : UniformSets()) {
    const json& expected = Entry(expected_.at("attention"), set);
    const AttentionResult result = Attention(model_, *ListSource(questions), {});
    ASSERT_EQ(result.heads.size(), expected.size());
    for (size_t h = 0; h < expected.size(); ++h) {
      EXPECT_EQ(result.heads[h].layer, expected[h].at("layer"));
      EXPECT_EQ(result.heads[h].head, expected[h].at("head"));
      ASSERT_EQ(result.heads[h].rows.size(), expected[h].at("rows").size());
      for (size_t r = 0; r < result.heads[h].rows.size(); ++r) {
        const std::vector<float>& weights = result.heads[h].rows[r].weights;
        for (size_t key = 0; key < weights.size(); ++key) {
          EXPECT_NEAR(weights[key], expected[h].at("rows")[r][key].get<double>(), 1e-5);
        }
      }
    }
  }
}

TEST_P(ProbesOracle_Test, GivenUniformQuestionsThenAttributionAgreesAndAddsUp) {
  for (const auto& [set, questions] : UniformSets()) {
    const json& expected = Entry(expected_.at("attribution"), set);
    const AttributionResult result = Attribution(model_, *ListSource(questions));
    EXPECT_LT(result.largest_sum_error, 1e-3);
    for (size_t j = 0; j < result.true_logit.size(); ++j) {
      EXPECT_NEAR(result.true_logit[j], expected.at("true_logit")[j].get<double>(), 1e-3);
    }
    ASSERT_EQ(result.parts.size(), expected.at("parts").size());
    for (const AttributionPart& part : result.parts) {
      for (size_t j = 0; j < part.logits.size(); ++j) {
        EXPECT_NEAR(part.logits[j], expected.at("parts").at(part.component)[j].get<double>(), 1e-3) << part.component;
      }
    }
  }
}

NodeSet NodesOf(const json& record) {
  Node node;
  node.layer = record.at("layer");
  node.position = record.at("position").is_null() ? -1 : record.at("position").get<int64_t>();
  if (record.at("scope") == "head") node.head = record.at("head");
  if (record.at("scope") == "mlp") node.kind = Node::Kind::kMlp;
  if (record.at("scope") == "position") node.kind = Node::Kind::kResidual;
  return {node};
}

void ExpectCounts(const std::vector<uint64_t>& counts, const json& expected, uint64_t near_ties) {
  ASSERT_EQ(counts.size(), expected.size());
  for (size_t j = 0; j < counts.size(); ++j) {
    EXPECT_NEAR(static_cast<double>(counts[j]), expected[j].get<double>(), static_cast<double>(near_ties));
  }
}

TEST_P(ProbesOracle_Test, GivenEveryRecordThenAblationAgrees) {
  std::map<std::string, Questions> sets = UniformSets();
  if (mixed()) sets["both"] = both_;
  for (const auto& [set, questions] : sets) {
    const json& entry = Entry(expected_.at("ablation"), set);
    for (const char* mode : {"mean", "zero"}) {
      AblationRequest request;
      request.mode = std::string(mode) == "zero" ? AblationMode::kZero : AblationMode::kMean;
      std::vector<const json*> records;
      for (const json& record : entry.at("results")) {
        if (record.at("mode") != mode) continue;
        records.push_back(&record);
        request.node_sets.push_back(NodesOf(record));
      }
      const AblationResult result = Ablate(model_, *ListSource(questions), request);
      EXPECT_EQ(result.by_tables, model_.config.n_layers == 1);
      EXPECT_EQ(result.unablated.right, entry.at("unablated").at("right"));
      ExpectLoss(result.unablated.loss, entry.at("unablated").at("loss"));
      for (size_t i = 0; i < records.size(); ++i) {
        const json& record = *records[i];
        SCOPED_TRACE(set + " " + record.dump().substr(0, 120));
        const Ablated& ablated = result.results[i];
        const uint64_t near = record.at("near_ties");
        ExpectLoss(ablated.loss, record.at("loss"));
        for (size_t j = 0; j < ablated.digit_loss.size(); ++j) {
          ExpectLoss(ablated.digit_loss[j], record.at("digit_loss")[j]);
        }
        EXPECT_NEAR(ablated.failed, record.at("failed").get<double>(), near);
        EXPECT_NEAR(ablated.failed_of_right, record.at("failed_of_right").get<double>(), near);
        ExpectCounts(ablated.failed_digits, record.at("failed_digits"), near);
        ExpectCounts(ablated.failed_digits_of_right, record.at("failed_digits_of_right"), near);
      }
    }
  }
}

// The standard pairs under their ids.
std::vector<StoreCleanPair> AllPairs(Format format, bool mixed) {
  std::vector<StoreCleanPair> pairs;
  for (const Operation operation : {Operation::kAdd, Operation::kSub}) {
    if (operation == Operation::kSub && !mixed) break;
    for (const Task task : TasksOf(operation)) {
      for (StoreCleanPair& pair : PairsFor(task, 5, format)) pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

TEST_P(ProbesOracle_Test, GivenTheStandardPairsThenTheirQuestionsAndExpectedAnswersAgree) {
  std::map<std::string, StoreCleanPair> pairs;
  for (const StoreCleanPair& pair : AllPairs(model_.format, mixed())) pairs.emplace(pair.id, pair);
  for (const json& expected : expected_.at("interventions").at("pairs")) {
    SCOPED_TRACE(expected.at("id").get<std::string>());
    const StoreCleanPair& pair = pairs.at(expected.at("id"));
    EXPECT_EQ(QuestionText(pair.store), expected.at("store"));
    EXPECT_EQ(QuestionText(pair.clean), expected.at("clean"));
    EXPECT_EQ(pair.expected.size(), expected.at("expected").size());
    for (const auto& [digit, answer] : expected.at("expected").items()) {
      ASSERT_NE(pair.For(std::stoi(digit)), nullptr);
      EXPECT_EQ(pair.For(std::stoi(digit))->answer, answer);
    }
  }
}

// Wrong answers change under ablation too, which says nothing of the node (science.md, section 6.3).
TEST_P(ProbesOracle_Test, GivenWrongAnswersThenTheyAddNothingToAnImpact) {
  const Questions& all = mixed() ? both_ : sets_["uniform"];
  Questions some;
  for (size_t i = 0; i < all.size(); i += 20) some.push_back(all[i]);
  AblationRequest request;
  request.node_sets = EveryNode(model_.config);
  for (const Ablated& ablated : Ablate(model_, *ListSource(some), request).results) {
    for (size_t j = 0; j < ablated.changed_digits.size(); ++j) {
      EXPECT_EQ(ablated.changed_digits[j], ablated.failed_digits_of_right[j] > 0) << NodeSetText(ablated.nodes);
    }
  }
}

TEST_P(ProbesOracle_Test, GivenEveryPairAndEveryHeadThenPatchingAgrees) {
  const Encoding encoding(5, model_.format);
  const PatchRequest request = {AllPairs(model_.format, mixed()), EveryHead(model_.config, encoding, true)};
  const PatchResult result = Patch(model_, request);
  EXPECT_EQ(result.by_tables, model_.config.n_layers == 1);
  auto expected = ReadInterventions(expected_.at("interventions"));
  size_t compared = 0;
  for (size_t p = 0; p < request.pairs.size(); ++p) {
    for (size_t s = 0; s < request.node_sets.size(); ++s) {
      const auto found = expected.find({request.pairs[p].id, InterventionNodes(request.node_sets[s])});
      if (found == expected.end()) continue;  // SS9 and SS9C of the 1-layer model
      ++compared;
      const Patched& patched = result.pairs[p].results[s];
      SCOPED_TRACE(request.pairs[p].id + " " + NodeSetText(request.node_sets[s]));
      EXPECT_NEAR(patched.l2, found->second.l2, 1e-4 + 1.5e-5 * found->second.l2);
      ExpectLoss(patched.loss, found->second.loss);
      EXPECT_NEAR(patched.margin, found->second.margin, 1e-3);
      if (found->second.margin < 1e-4) continue;
      EXPECT_EQ(patched.predicted, found->second.predicted);
      EXPECT_EQ(patched.impact, found->second.impact);
      EXPECT_EQ(patched.strong_for, found->second.strong_for);
    }
  }
  EXPECT_EQ(compared, expected.size());
}

TEST_P(ProbesOracle_Test, GivenEverySetThenLookBackAgreementAgrees) {
  CascadesRequest request;
  for (const auto& [set, questions] : sets_) {
    SCOPED_TRACE(set);
    const json& expected = expected_.at("look_back").at(set);
    const CascadesResult result = Cascades(model_, *ListSource(questions), request);
    ASSERT_EQ(result.agreements.size(), 1u);
    const LookBackAgreement& agreement = result.agreements.front();
    EXPECT_EQ(agreement.questions, expected.at("count"));
    EXPECT_EQ(agreement.mistakes_forced, expected.at("mistakes").at("forced"));
    EXPECT_EQ(agreement.mistakes_generated, expected.at("mistakes").at("generated"));
    ExpectCounts(agreement.generated_digit_correct, expected.at("generated_digit_correct"), 0);
    ASSERT_EQ(agreement.by_k.size(), expected.at("by_k").size());
    for (size_t k = 0; k < agreement.by_k.size(); ++k) {
      const json& by_k = expected.at("by_k")[k];
      EXPECT_EQ(agreement.by_k[k].exact, by_k.at("exact"));
      ExpectCounts(agreement.by_k[k].cut_short, by_k.at("cut_short"), 0);
      for (const auto& [name, counts] :
           {std::pair("forced", &agreement.by_k[k].forced), std::pair("generated", &agreement.by_k[k].generated)}) {
        EXPECT_EQ(counts->agree, by_k.at(name).at("agree"));
        EXPECT_EQ(counts->agree_on_mistakes, by_k.at(name).at("agree_on_mistakes"));
        ExpectCounts(counts->digit_agree, by_k.at(name).at("digit_agree"), 0);
        ExpectCounts(counts->wrong_cut_short, by_k.at(name).at("wrong_cut_short"), 0);
      }
    }
  }
}

// Other questions of the same kind give other counts: the difference of two shares stays within 4.5
// standard errors (and a half count for shares near 1).
void ExpectVerdict(const std::vector<LookBackDigit>& digits, uint32_t per_cell, const json& expected,
                   uint32_t expected_per_cell) {
  ASSERT_EQ(digits.size(), expected.size());
  for (size_t d = 0; d < digits.size(); ++d) {
    EXPECT_EQ("A" + std::to_string(digits[d].digit), expected[d].at("digit"));
    for (size_t m = 0; m < digits[d].right.size(); ++m) {
      const double ours = static_cast<double>(digits[d].right[m]) / per_cell;
      const double theirs = expected[d].at("right")[m].get<double>() / expected_per_cell;
      const double p = (ours * per_cell + theirs * expected_per_cell) / (per_cell + expected_per_cell);
      const double error = std::sqrt(p * (1 - p) * (1.0 / per_cell + 1.0 / expected_per_cell));
      EXPECT_NEAR(ours, theirs, 4.5 * error + 1e-3) << "A" << digits[d].digit << " m " << m;
    }
  }
}

TEST_P(ProbesOracle_Test, GivenTheVerdictsQuestionsThenTheSharesAgree) {
  const json verdict = testing::ReadOracleJson(std::string(GetParam().name) + "/verdict.json");
  CascadesRequest request;
  request.per_cell = 300;
  request.operations = {Operation::kAdd};
  if (mixed()) request.operations.push_back(Operation::kSub);
  const CascadesResult result = Cascades(model_, *UniformSource(Operation::kAdd, 5, 100, 0), request);
  ExpectVerdict(result.additions, result.per_cell, verdict.at("digits"), verdict.at("per_cell"));
  if (!mixed()) return;
  const json& subtraction = verdict.at("subtraction");
  ExpectVerdict(result.subtractions_positive, result.per_cell, subtraction.at("positive"), verdict.at("per_cell"));
  ExpectVerdict(result.subtractions_negative, result.per_cell, subtraction.at("negative"), verdict.at("per_cell"));
}

INSTANTIATE_TEST_SUITE_P(Models, ProbesOracle_Test, kOracleModels, OracleName);

}  // namespace
}  // namespace sumscope::engine

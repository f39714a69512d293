// Pca beside tests/oracles/*/expected.json, `pca`; tolerances of tests/oracles/README.md.
#include "server/engine/probing/representations/pca.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "server/engine/data/generator.h"
#include "server/engine/probing/statistics/clustering.h"
#include "server/engine/runtime/error.h"
#include "tests/server/engine/probing/oracle_model.h"

namespace sumscope::engine {
namespace {

using nlohmann::json;

void ExpectNode(const PcaNode& node, const json& expected) {
  EXPECT_NEAR(node.total_variance, expected.at("total_variance").get<double>(),
              1e-12 + 1e-3 * expected.at("total_variance").get<double>());
  if (expected.at("silhouette").is_null()) {
    EXPECT_TRUE(node.evr.empty());
    EXPECT_FALSE(node.label_silhouette.has_value() || node.label_ch.has_value() || node.cluster_k.has_value());
    EXPECT_FALSE(node.passes);
    return;
  }
  ASSERT_EQ(node.evr.size(), 3u);
  for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(node.evr[c], expected.at("evr")[c].get<double>(), 1e-3) << c;
  EXPECT_NEAR(node.label_silhouette.value(), expected.at("silhouette").get<double>(), 1e-3);
  const double ch = expected.at("calinski_harabasz");
  EXPECT_NEAR(node.label_ch.value(), ch, 1e-3 * std::abs(ch));
  ASSERT_TRUE(node.cluster_agreement.has_value());
  EXPECT_GE(*node.cluster_agreement, 1 / 3.0);
  EXPECT_EQ(node.passes, node.evr[0] > 0.3 && *node.cluster_silhouette >= 0.2 && *node.cluster_ch >= 50 &&
                             *node.cluster_agreement > 0.5);
}

class PcaOracle_Test : public OracleModelTest {};

TEST_P(PcaOracle_Test, GivenTheTricaseQuestionsThenEveryNodeAgrees) {
  std::map<std::pair<std::string, uint32_t>, Questions> sets;
  std::map<std::pair<std::string, uint32_t>, std::vector<std::string>> tricases;
  for (const auto& row : testing::ReadOracleTable(std::string(GetParam().name) + "/pca_questions.tsv")) {
    const std::string op = row.count("op") > 0 ? row.at("op") : "+";
    const std::pair<std::string, uint32_t> key(op, std::stoul(row.at("digit")));
    sets[key].push_back(ParseQuestion(row.at("a") + op + row.at("b"), 5));
    tricases[key].push_back(row.at("tricase"));
  }
  std::map<std::pair<std::string, uint32_t>, PcaResult> results;
  for (const auto& [key, questions] : sets) {
    PcaRequest request;
    request.digit = key.second;
    PcaResult& result = results[key] = Pca(model_, *ListSource(questions), request);
    EXPECT_EQ(result.counts, (std::vector<uint32_t>{100, 100, 100}));
    request.nodes = {result.nodes.front().node};
    request.with_scores = true;
    const PcaResult scored = Pca(model_, *ListSource(questions), request);
    ASSERT_EQ(scored.nodes[0].scores.size(), 300u);
    for (size_t q = 0; q < 300; ++q) EXPECT_EQ(scored.nodes[0].scores[q].label, tricases[key][q]);
  }
  size_t compared = 0;
  for (const json& expected : expected_.at("pca")) {
    const Node node = {Node::Kind::kHead, expected.at("layer"), expected.at("head"), expected.at("position")};
    const std::string op = expected.contains("op") ? expected.at("op").get<std::string>() : "+";
    for (const PcaNode& found : results.at({op, expected.at("digit")}).nodes) {
      if (!(found.node == node)) continue;
      SCOPED_TRACE(op + expected.dump());
      ExpectNode(found, expected);
      ++compared;
    }
  }
  EXPECT_EQ(compared, expected_.at("pca").size());
  size_t all = 0, passing = 0, tags = 0;
  for (const auto& [key, result] : results) {
    all += result.nodes.size();
    tags += result.tags.size();
    for (const PcaNode& node : result.nodes) passing += node.passes;
  }
  EXPECT_EQ(all, compared);
  EXPECT_EQ(tags, passing);
  EXPECT_GT(passing, 0u);
}

INSTANTIATE_TEST_SUITE_P(Models, PcaOracle_Test, kOracleModels, OracleName);

// The formulas of science.md section 6.6 written again, over the scores that Pca itself returns.
TEST(Pca_Test, GivenScoresThenClustersAreTheBetterOfTwoAndThreeOnStandardisedScores) {
  const Encoding encoding(3, Format::kSigned);
  const ModelConfig config = {1, 2, 16, 8, 24, encoding.n_ctx(), encoding.d_vocab()};
  const Model model = {config, 3, Format::kSigned, InitialWeights(config, 4), torch::kCPU};
  PcaRequest request;
  request.digit = 1;
  request.seed = 5;
  request.with_scores = true;
  request.nodes = {{Node::Kind::kHead, 0, 0, 8}, {Node::Kind::kHead, 0, 1, 9}};
  for (const PcaNode& node : Pca(model, *TricaseSource(Operation::kAdd, 3, 1, 20, 2), request).nodes) {
    const size_t count = node.scores.size();
    ASSERT_EQ(count, 60u);
    std::vector<double> points(2 * count);
    for (size_t c = 0; c < 2; ++c) {
      double mean = 0, variance = 0;
      for (const PcaScores& score : node.scores)
        mean += static_cast<double>(score.values[c]) / static_cast<double>(count);
      EXPECT_NEAR(mean, 0, 1e-6);
      for (const PcaScores& score : node.scores) {
        variance += std::pow(static_cast<double>(score.values[c]) - mean, 2) / static_cast<double>(count);
      }
      for (size_t i = 0; i < count; ++i) {
        points[2 * i + c] = (static_cast<double>(node.scores[i].values[c]) - mean) / std::sqrt(variance);
      }
    }
    std::vector<int> labels;
    for (const PcaScores& score : node.scores) labels.push_back(std::stoi(score.label));
    const Points standardised = {points.data(), count, 2};
    const std::vector<int> two = KMeans(standardised, 2, 10, request.seed), three = KMeans(standardised, 3, 10, 5);
    const double of_two = *Silhouette(standardised, two), of_three = *Silhouette(standardised, three);
    const std::vector<int>& better = of_two >= of_three ? two : three;
    EXPECT_EQ(*node.cluster_k, of_two >= of_three ? 2u : 3u);
    EXPECT_NEAR(*node.cluster_silhouette, std::max(of_two, of_three), 1e-4);
    EXPECT_NEAR(*node.cluster_ch, *CalinskiHarabasz(standardised, better), 1e-3 * *node.cluster_ch);
    EXPECT_NEAR(*node.cluster_agreement, Agreement(better, labels), 1e-12);
  }
}

TEST(Pca_Test, GivenBadRequestsThenTheReasonIsNamed) {
  const Encoding encoding(3, Format::kSigned);
  const ModelConfig config = {1, 2, 16, 8, 24, encoding.n_ctx(), encoding.d_vocab()};
  const Model model = {config, 3, Format::kSigned, InitialWeights(config, 4), torch::kCPU};
  const auto reason = [&](const QuestionSource& questions, const PcaRequest& request) -> std::string {
    try {
      Pca(model, questions, request);
      return "";
    } catch (const Error& error) {
      return error.reason;
    }
  };
  const auto additions = UniformSource(Operation::kAdd, 3, 20, 1);
  PcaRequest request;
  EXPECT_EQ(reason(*additions, request), "");
  request.digit = 3;
  EXPECT_EQ(reason(*additions, request), "BAD_DIGIT");
  request = {};
  request.components = 11;
  EXPECT_EQ(reason(*additions, request), "BAD_COMPONENTS");
  request = {};
  request.nodes = {{Node::Kind::kHead, 0, 1, -1}};
  EXPECT_EQ(reason(*additions, request), "BAD_NODE");
  request.nodes = {{Node::Kind::kHead, 0, 2, 5}};
  EXPECT_EQ(reason(*additions, request), "BAD_NODE");
  request.nodes.assign(11, {Node::Kind::kHead, 0, 1, 5});
  request.with_scores = true;
  EXPECT_EQ(reason(*additions, request), "TOO_MANY_NODES");
  EXPECT_EQ(reason(*UniformSource(Operation::kAdd, 3, 3, 1), {}), "TOO_FEW_QUESTIONS");
  EXPECT_EQ(reason(*UniformSource(Operation::kAdd, 3, 3001, 1), {}), "TOO_MANY_QUESTIONS");
  const auto mixed = ListSource({ParseQuestion("1+2", 3), ParseQuestion("1-2", 3), ParseQuestion("1+2", 3),
                                 ParseQuestion("1+2", 3), ParseQuestion("1+2", 3)});
  EXPECT_EQ(reason(*mixed, {}), "MIXED_OPERATIONS");
  PcaRequest plain;
  EXPECT_THROW(Pca(model, *additions, plain, [](double) { return false; }), Error);
}

}  // namespace
}  // namespace sumscope::engine

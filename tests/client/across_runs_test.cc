#include "client/across_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sumscope/v1/probes.pb.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;

TEST(Flatten_Test, WhenListsHaveNamesThenPathsHaveThem) {
  v1::UsefulNodesResult result;
  for (const char* token : {"A1", "A0"}) result.add_answer_tokens(token);
  result.set_mode(v1::ZERO);
  result.set_useful_heads(3);
  v1::AblatedNodes* const node = result.add_nodes();
  node->set_nodes("P14L0H1");
  node->set_fail_percent(12);
  node->add_failed_digits(7);
  node->add_failed_digits(8);
  node->set_loss(std::nan(""));
  v1::NodeTag* const tag = result.add_tags();
  tag->set_node("P14L0H1");
  tag->set_tag("Fail%:12");
  const FlatResult flat = Flatten(result);
  EXPECT_EQ(flat.numbers.at("useful_heads"), 3);
  EXPECT_EQ(flat.numbers.at("nodes.P14L0H1.fail_percent"), 12);
  EXPECT_EQ(flat.numbers.at("nodes.P14L0H1.failed_digits.A1"), 7);
  EXPECT_EQ(flat.numbers.at("nodes.P14L0H1.failed_digits.A0"), 8);
  EXPECT_EQ(flat.numbers.count("nodes.P14L0H1.loss"), 0u);
  EXPECT_EQ(flat.values.count("mode"), 0u) << "a setting";
  EXPECT_THAT(flat.facts, ElementsAre("P14L0H1 Fail%:12"));
}

// A patch result with as many nodes as answer tokens: both are named by their own list.
TEST(Flatten_Test, WhenTwoListsOfNamesHaveOneLengthThenEachNamesItsOwn) {
  v1::PatchResult result;
  result.add_answer_tokens("A0");
  result.add_nodes("P9L0H0");
  v1::PatchedPair* const pair = result.add_pairs();
  pair->set_id("SA-1");
  pair->add_results()->set_l2(2.5);
  EXPECT_EQ(Flatten(result).numbers.at("pairs.SA-1.results.P9L0H0.l2"), 2.5);
}

// Means of labels, bounds and settings stood between the answers; cells that no question had counted as 0 %.
TEST(Flatten_Test, WhenNothingWasMeasuredOrAnsweredThenItIsLeftOut) {
  v1::EvaluateResult evaluate;
  v1::CellResult* const cell = evaluate.add_cells();
  cell->set_cell("US9");
  cell->mutable_accuracy();
  v1::DigitResult* const digit = evaluate.add_digits();
  digit->set_digit("A5");
  digit->mutable_accuracy()->set_count(4);
  digit->mutable_accuracy()->set_lower(0.5);
  digit->set_loss(0);
  evaluate.add_worst()->set_question("1+2=3");
  const FlatResult flat = Flatten(evaluate);
  EXPECT_EQ(flat.numbers.at("digits.A5.accuracy.count"), 4);
  EXPECT_EQ(flat.numbers.count("digits.A5.accuracy.lower"), 0u);
  EXPECT_EQ(flat.numbers.at("digits.A5.loss"), 0);
  for (const auto& [path, number] : flat.numbers) {
    EXPECT_EQ(path.find("cells."), path.npos) << path;
    EXPECT_EQ(path.find("worst."), path.npos) << path;
  }
  EXPECT_EQ(flat.values.count("digits.A5.digit"), 0u);
}

TEST(Flatten_Test, WhenANumberIsAVerdictThenItIsAValue) {
  v1::CascadesResult cascades;
  v1::LookBackDigit* const digit = cascades.add_additions();
  digit->set_digit("A5");
  digit->set_per_cell(1000);
  digit->set_k(3);
  digit->set_s(2);
  v1::LookBackK* const by_k = cascades.add_agreements()->add_by_k();
  by_k->set_k(2);
  by_k->set_exact(7);
  const FlatResult flat = Flatten(cascades);
  EXPECT_EQ(flat.values.at("additions.A5.k"), "3");
  EXPECT_EQ(flat.values.at("additions.A5.s"), "2");
  EXPECT_EQ(flat.values.at("additions.A5.exact"), "false");
  EXPECT_EQ(flat.numbers.count("additions.A5.per_cell"), 0u);
  EXPECT_EQ(flat.numbers.at("agreements.OPERATION_UNSPECIFIED.by_k.2.exact"), 7);
  EXPECT_EQ(flat.values.count("agreements.OPERATION_UNSPECIFIED.by_k.2.k"), 0u);
}

TEST(Flatten_Test, WhenATypeHasSeveralNamesThenAllCount) {
  v1::AttentionResult attention;
  v1::AttentionHead* const head = attention.add_heads();
  head->set_layer(1);
  head->set_head(2);
  v1::AttentionRow* const row = head->add_rows();
  row->set_position(14);
  row->set_pair_percent(96);
  EXPECT_EQ(Flatten(attention).numbers.at("heads.L1H2.rows.P14.pair_percent"), 96);
  v1::PhasesResult phases;
  phases.add_order("A0");
  phases.add_order("A1");
  EXPECT_EQ(Flatten(phases).values.at("order"), "A0 A1");
  v1::SubtasksResult subtasks;
  subtasks.add_not_found("A2.SS");
  EXPECT_THAT(Flatten(subtasks).facts, ElementsAre("not_found A2.SS"));
}

TEST(AcrossRuns_Test, WhenRunsDifferThenMeanSpreadAndShares) {
  FlatResult a, b, c;
  a.numbers = {{"x", 1}, {"A2.y", 5}, {"A10.y", 6}};
  b.numbers = {{"x", 2}};
  c.numbers = {{"x", 6}};
  a.values = {{"exact", "true"}};
  b.values = {{"exact", "true"}};
  c.values = {{"exact", "false"}};
  a.facts = {"P9L0H0 Algo:A2.SC"};
  c.facts = {"P9L0H0 Algo:A2.SC", "P9L0H1 Algo:A2.SA"};
  const AcrossRuns across = Aggregate({a, b, c});
  EXPECT_EQ(across.runs, 3u);
  ASSERT_EQ(across.numbers.size(), 3u);
  EXPECT_EQ(across.numbers[0].path, "A2.y");
  EXPECT_EQ(across.numbers[0].n, 1u);
  EXPECT_TRUE(std::isnan(across.numbers[0].deviation));
  EXPECT_EQ(across.numbers[1].path, "A10.y");
  const NumberAcross& x = across.numbers[2];
  EXPECT_EQ(x.n, 3u);
  EXPECT_DOUBLE_EQ(x.mean, 3);
  EXPECT_DOUBLE_EQ(x.deviation, std::sqrt(7.0));  // (4 + 1 + 9) / 2
  EXPECT_EQ(x.min, 1);
  EXPECT_EQ(x.max, 6);
  ASSERT_EQ(across.values.size(), 2u);
  EXPECT_EQ(across.values[0].value, "false");
  EXPECT_EQ(across.values[0].k, 1u);
  EXPECT_EQ(across.values[1].k, 2u);
  EXPECT_EQ(across.values[1].m, 3u);
  ASSERT_EQ(across.facts.size(), 2u);
  EXPECT_EQ(across.facts[0].k, 2u);
  EXPECT_EQ(across.facts[0].m, 3u);
  EXPECT_EQ(across.facts[1].k, 1u);
}

// The mean of six times 0.1 was 0.09999999999999999, and their spread 1.5e-17.
TEST(AcrossRuns_Test, WhenRunsAreEqualThenTheyHaveNoSpread) {
  FlatResult one;
  one.numbers = {{"x", 0.1}};
  const AcrossRuns across = Aggregate({one, one, one, one, one, one});
  EXPECT_EQ(across.numbers[0].mean, 0.1);
  EXPECT_EQ(across.numbers[0].deviation, 0);
}

TEST(AcrossRuns_Test, WhenThereAreNoRunsThenNothing) {
  const AcrossRuns across = Aggregate({});
  EXPECT_EQ(across.runs, 0u);
  EXPECT_TRUE(across.numbers.empty());
}

}  // namespace
}  // namespace sumscope::client

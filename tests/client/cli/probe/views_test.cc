// How results look to a person. Small results, whole texts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/probe/views/node_map.h"
#include "client/cli/probe/views/view_parts.h"
#include "tests/client/cli/probe/view_text.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Views_Test : public ::testing::Test {
 protected:
  const View view_ = ViewOf("add_d5_l1_h3");
};

TEST_F(Views_Test, WhenTheUsefulNodesAreShownThenPositionsByNodes) {
  v1::UsefulNodesResult result;
  result.mutable_unablated()->set_questions(100);
  result.mutable_unablated()->set_right(98);
  result.mutable_unablated()->set_loss(0.0125);
  result.set_useful_heads(2);
  result.set_useful_mlps(1);
  const auto add = [&result](const std::string& node, uint32_t failed, uint32_t percent, const std::string& digits) {
    v1::AblatedNodes* const added = result.add_nodes();
    added->set_nodes(node);
    added->set_failed_of_right(failed);
    added->set_fail_percent(percent);
    added->set_failing_digits(digits);
    added->set_moved_l2(1);
  };
  add("P0L0H0", 0, 0, "");
  add("P11L0H0", 12, 12, "A43");
  add("P11L0H1", 0, 0, "");
  add("P11L0MLP", 1, 1, "A0");
  add("P13L0H0", 0, 0, "");
  add("P13L0H1", 1, 0, "A5");
  add("P14L0H1", 99, 100, "A10");
  add("P16L0H0", 0, 0, "");
  EXPECT_EQ(ProbeText(result, view_),
            "unablated  98 of 100 (98.00 %) right without it, loss 0.01250\n"
            "ablation   mean\n"
            "useful     2 heads and 1 MLPs at some position\n"
            "\nfailures in percent of the right questions, and the answer digits that fail (\".\": none)\n"
            "ROW         L0H0    L0H1     L0MLP\n"
            "P11 =->SGN  12 A43  .        1 A0\n"
            "P13 A5->A4  .       <1 A5    .\n"
            "P14 A4->A3  .       100 A10  .\n");
}

TEST_F(Views_Test, WhenNoAblationMovedAnythingThenItWarns) {
  v1::UsefulNodesResult result;
  result.add_nodes()->set_nodes("P11L0H0");
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("warning: no ablation moved anything"));
}

// A node that failed in fewer than one of a hundred questions read "0".
TEST_F(Views_Test, WhenANodeFailsRarelyThenLessThanOnePercent) {
  v1::AblateResult result;
  v1::AblatedNodes* const rare = result.add_results();
  rare->set_nodes("P14L0H1");
  rare->set_failed_of_right(3);
  result.add_results()->set_nodes("P9L0H0");
  const std::string text = ProbeText(result, view_);
  EXPECT_THAT(text, HasSubstr("P14L0H1     <1       3 "));
  EXPECT_THAT(text, HasSubstr("P9L0H0       0       0 "));
}

// The map showed one task of each node, the last one.
TEST_F(Views_Test, WhenANodeHasSeveralTasksThenTheStrongestAndAllBelow) {
  v1::SubtasksResult result;
  const auto tag = [&result](const char* node, const char* text) {
    v1::NodeTag* const added = result.add_tags();
    added->set_node(node);
    added->set_tag(text);
  };
  const auto find = [&](const char* task, const char* nodes, const char* strength) {
    v1::SubtaskFinding* const finding = result.add_findings();
    finding->set_task(task);
    finding->set_nodes(nodes);
    finding->set_strength(strength);
    for (const absl::string_view node : absl::StrSplit(nodes, ',')) {
      tag(std::string(node).c_str(), absl::StrCat("Algo:", task).c_str());
    }
  };
  for (const char* node : {"P14L0H1", "P15L0H0", "P15L0H1"}) tag(node, "Fail%:0");
  find("A3.ST", "P14L0H1", "weak");
  find("A3.SA", "P14L0H1", "strong");
  find("A2.SC", "P15L0H0,P15L0H1", "strong");
  find("A2.SC", "P15L0H1,P15L0H2", "strong");
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("\ntasks of the useful nodes (+1: and one more, listed below)\n"
                                                  "ROW         L0H0   L0H1      L0H2\n"
                                                  "P14 A4->A3  .      A3.SA +1  .\n"
                                                  "P15 A3->A2  A2.SC  A2.SC     A2.SC\n"
                                                  "\nnodes with several tasks, strong ones first\n"
                                                  "NODE     TASKS\n"
                                                  "P14L0H1  A3.SA A3.ST\n"));
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("A3.SA  P14L0H1          strong       <1 "));
  View wide = view_;
  wide.wide = true;
  EXPECT_THAT(ProbeText(result, wide), HasSubstr("P14 A4->A3  .      A3.SA A3.ST  .\n"));
}

// A share of no questions is no share: stratified questions have no overall rate, a cell may not occur.
TEST_F(Views_Test, WhenThereIsNoRateThenNoneIsPrinted) {
  v1::EvaluateResult result;
  result.set_loss(0.5);
  v1::CellResult* const cell = result.add_cells();
  cell->set_cell("US9");
  cell->mutable_accuracy();
  cell->add_by_column()->mutable_accuracy();
  v1::GeneratedResult* const generated = result.mutable_generated_sample();
  generated->set_questions(300);
  generated->set_agrees_with_forced(300);
  EXPECT_EQ(ProbeText(result, view_),
            "exact match  no overall rate: the questions are stratified, see the classes\n"
            "loss         0.5000 nats per answer token\n"
            "\ncells\n"
            "CELL  ACCURACY  CORRECT  OF  LOSS\n"
            "US9          -        -   0     -\n"
            "\ngenerated, not forced\n"
            "exact match  no overall rate: the questions are stratified\n");
  EXPECT_EQ(ProbeRows(result).Csv(false),
            "all,exact,,,,,,,0.5,\ncell,US9,,0,0,,,,,\ncell,US9,0,0,0,,,,,\ngenerated,exact,,,,,,,,\n");
}

// "agrees with forced 300 of 300" stood in every table: an answer is right in both or wrong in both but for rounding.
TEST_F(Views_Test, WhenGeneratedAnswersDifferFromForcedOnesThenOnlyThenItIsSaid) {
  v1::EvaluateResult result;
  v1::GeneratedResult* const generated = result.mutable_generated_sample();
  generated->set_questions(300);
  generated->set_agrees_with_forced(300);
  EXPECT_THAT(ProbeText(result, view_), Not(HasSubstr("forced  ")));
  generated->set_agrees_with_forced(299);
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("unlike forced  1 question, "));
}

// Subtractions' classes were shares of all questions beside what theory says of subtractions.
TEST_F(Views_Test, WhenOperationsAreMixedThenSharesAreOfEachOperation) {
  v1::EvaluateResult result;
  for (const auto& [name, count] : {std::pair("S0", 30u), std::pair("S1", 10u), std::pair("M0", 40u)}) {
    v1::ClassResult* const one = result.add_classes();
    one->set_question_class(name);
    one->mutable_exact()->set_count(count);
    one->mutable_exact()->set_correct(count);
    one->mutable_exact()->set_rate(1);
  }
  const std::string text = ProbeText(result, view_);
  EXPECT_THAT(text, ::testing::ContainsRegex("S0 .* 75.00 %"));
  EXPECT_THAT(text, ::testing::ContainsRegex("S1 .* 25.00 %"));
  EXPECT_THAT(text, ::testing::ContainsRegex("M0 .* 100.00 %  +-\n"));
}

TEST_F(Views_Test, WhenAQuestionIsAmongTheWorstTwiceThenItIsListedOnce) {
  v1::EvaluateResult result;
  for (int i = 0; i < 2; ++i) result.add_worst()->set_question("40+60=100");
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("LOSS\n40+60=100  -          -      0.000\n"));
  EXPECT_THAT(ProbeText(result, view_), ::testing::Not(HasSubstr("LOSS\n40+60=100  -          -      0.000\n40+60")));
}

// OPR and SGN are found by attention; "moved 0.00" is what an intervention without effect says.
TEST_F(Views_Test, WhenNothingWasPatchedThenNothingMoved) {
  v1::SubtasksResult result;
  v1::SubtaskFinding* const finding = result.add_findings();
  finding->set_task("OPR");
  finding->set_nodes("P14L0H1");
  finding->set_strength("weak");
  finding->set_attention_percent(50);
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("OPR   P14L0H1  weak          0       50 %      -\n"));
  EXPECT_EQ(ProbeRows(result).Csv(false), "OPR,found,P14L0H1,weak,0,50,,\n");
}

TEST_F(Views_Test, WhenAMapIsTooBroadThenALayerAtATime) {
  std::vector<std::pair<std::string, std::string>> cells;
  for (int layer = 0; layer < 2; ++layer) {
    for (const char* node : {"H0", "H1", "H2", "H3", "MLP"}) {
      cells.emplace_back("P14L" + std::to_string(layer) + node, "100 A543210");
    }
  }
  View view = ViewOf("add_d5_l2_h4");
  view.width = 100;
  const std::string map = NodeMap(cells, view);
  EXPECT_EQ(map.substr(0, map.find('\n')), "ROW         L0H0         L0H1         L0H2         L0H3         L0MLP");
  EXPECT_THAT(map, HasSubstr("\nROW         L1H0 "));
}

TEST_F(Views_Test, WhenAttentionIsShownThenAStaircaseAndPercents) {
  v1::AttentionResult result;
  result.set_questions(1000);
  v1::AttentionHead* const head = result.add_heads();
  v1::AttentionRow* const row = head->add_rows();
  row->set_position(14);
  row->set_meaning("A4");
  row->set_predicts("A3");
  row->set_pair(3);
  row->set_pair_percent(96.4);
  for (const auto& [position, meaning, percent] : {std::tuple(1u, "D3", 49.0), std::tuple(7u, "D'3", 47.4)}) {
    v1::AttentionSource* const source = row->add_top();
    source->set_position(position);
    source->set_meaning(meaning);
    source->set_percent(percent);
  }
  v1::AttentionRow* const elsewhere = head->add_rows();
  elsewhere->set_position(15);
  elsewhere->set_meaning("A3");
  elsewhere->set_predicts("A2");
  elsewhere->set_pair(2);
  elsewhere->set_pair_percent(0.2);
  elsewhere->add_top()->set_position(5);
  elsewhere->mutable_top(0)->set_meaning("OPR");
  elsewhere->mutable_top(0)->set_percent(99.7);
  EXPECT_EQ(ProbeText(result, view_),
            "mean attention over 1,000 questions\n"
            "\ndigit pair that each head reads most (\".\": less than 10 %)\n"
            "ROW         L0H0\n"
            "P14 A4->A3  D3+D'3 96 %\n"
            "P15 A3->A2  .\n"
            "\nL0H0: largest sources, from 1 % on\n"
            "ROW         READS\n"
            "P14 A4->A3  P1 D3 49 %  P7 D'3 47 %\n"
            "P15 A3->A2  P5 OPR >99 %\n");
}

// A row was "P8 (SGN)" in one table and "P8 SGN -> A3" in the next. What it predicts is the token at the next position.
TEST_F(Views_Test, GivenARowThenItHasOneFormEverywhere) {
  const View view = ViewOf("add_d3_l1_h3");
  EXPECT_EQ(RowText(view, 8), "P8 SGN->A3");
  EXPECT_EQ(RowText(view, 7), "P7 =->SGN");
  EXPECT_EQ(RowText(view, 11), "P11 A1->A0");
  EXPECT_EQ(RowText(view, 12), "P12 A0");
  EXPECT_EQ(RowText(view, 3), "P3 OPR");
  EXPECT_EQ(RowText(view, 99), "P99");
  View plain = view;
  plain.spec.set_format(v1::PLAIN);
  EXPECT_EQ(RowText(plain, 7), "P7 =->A3");
  EXPECT_EQ(RowText(plain, 6), "P6 D'0");
}

// -0.00 and 1.23e+03 stood in columns of plain numbers.
TEST_F(Views_Test, GivenLittleAndLargeNumbersThenTheyAreWrittenPlainly) {
  v1::AttributionResult attribution;
  attribution.add_answer_tokens("A0");
  attribution.add_true_logit(12.5);
  attribution.add_parts()->set_component("embed_pos");
  attribution.mutable_parts(0)->add_logits(-0.001);
  EXPECT_THAT(ProbeText(attribution, view_), HasSubstr("embed_pos     0.00\nsum = logit  12.50\n"));
  v1::PcaResult pca;
  pca.add_nodes()->set_cluster_ch(1234.5);
  EXPECT_THAT(ProbeText(pca, view_), HasSubstr(" 1230 "));
  v1::CascadesResult cascades;
  cascades.add_additions()->add_kappa(-0.001);
  EXPECT_THAT(ProbeText(cascades, view_), HasSubstr(" 0.00\n"));
}

TEST_F(Views_Test, WhenPhasesAreShownThenOrderAndBoundaries) {
  v1::PhasesResult result;
  result.set_steps(15000);
  result.add_order("A0");
  v1::PhasedSeries* const series = result.add_digits();
  series->set_name("A0");
  series->set_learnt_step(1200);
  series->set_first_loss(2.3);
  series->set_last_loss(1e-4);
  v1::PhaseBoundary* const boundary = series->add_boundaries();
  boundary->set_step(1150);
  boundary->set_loss_after(0.01);
  EXPECT_EQ(ProbeText(result, view_),
            "steps                   15,000\n"
            "digits learnt in order  A0\n"
            "cells learnt in order   none was learnt\n"
            "\nphases of each answer digit\n"
            "DIGIT  LEARNT AT  LAST LOSS  LOSS | STEP: LOSS AFTER IT\n"
            "A0         1,200   0.000100  2.30 | 1150: 0.0100\n");
}

TEST_F(Views_Test, WhenAPatchMovesNothingThenItWarns) {
  v1::PatchResult result;
  result.add_nodes("P9L0H0");
  result.add_nodes("P9L0H1");
  v1::PatchedPair* const pair = result.add_pairs();
  pair->set_id("SA-1");
  pair->set_testable(true);
  pair->set_clean_predicted("+099999");
  pair->add_results()->set_predicted("+099999");
  pair->add_results()->set_predicted("+093999");
  result.add_warnings("P9L0H0 moved nothing\x1b[31m");
  const std::string text = ProbeText(result, view_);
  EXPECT_THAT(text, HasSubstr("P9L0H1  +093999"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("P9L0H0  ")));
  EXPECT_THAT(text, HasSubstr("warning: P9L0H0 moved nothing\\x1b[31m\n"));
}

TEST_F(Views_Test, WhenClausesAreShownThenYesNoAndEvidence) {
  v1::AlgorithmResult result;
  v1::AlgorithmClause* const clause = result.add_clauses();
  clause->set_name("A2.SA");
  clause->set_text("a head adds pair 2");
  clause->set_holds(true);
  clause->set_testable(true);
  clause->set_evidence("P15L0H1");
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("A2.SA   yes    a head adds pair 2  P15L0H1\n"));
}

// The rate of a run that adds, subtracts and multiplies looked like that of all three.
TEST_F(Views_Test, GivenARunOfThreeOperationsThenWhatIsNotAskedIsSaid) {
  v1::EvaluateResult result;
  result.mutable_exact()->set_count(10);
  result.add_digits()->mutable_accuracy()->set_count(10);
  EXPECT_THAT(ProbeText(result, ViewOf("mas_d3_l1_h3")), HasSubstr("\nnot asked    additions and subtractions ("));
  result.add_classes()->mutable_exact()->set_count(10);
  EXPECT_THAT(ProbeText(result, ViewOf("mas_d3_l1_h3")), HasSubstr("\nnot asked    multiplications ("));
  result.mutable_digits(0)->mutable_accuracy()->set_count(11);
  EXPECT_THAT(ProbeText(result, ViewOf("mas_d3_l1_h3")), Not(HasSubstr("not asked"))) << "a list of all three";
  EXPECT_THAT(ProbeText(result, ViewOf("mix_d3_l1_h3")), Not(HasSubstr("not asked")));
}

}  // namespace
}  // namespace sumscope::client

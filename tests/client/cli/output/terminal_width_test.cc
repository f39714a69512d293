// What commands print on a terminal of 80 and of 120 columns.
#include <gmock/gmock.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "proto/contract/text/terminal_text.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;

class TerminalWidth_Test : public CommandFixture {
 protected:
  // Runs on a terminal of so many columns; no line of what it says is wider, by display width.
  void ExpectFits(const std::vector<std::string>& arguments, int columns) {
    terminal_.out_is_terminal = true;
    terminal_.width_of_out = [columns] { return columns; };
    Run(arguments);
    EXPECT_FALSE(Out().empty()) << absl::StrJoin(arguments, " ") << "\n" << Err();
    for (const absl::string_view line : absl::StrSplit(Out(), '\n')) {
      EXPECT_LE(DisplayWidth(line), columns) << absl::StrJoin(arguments, " ") << "\n" << Out();
      if (DisplayWidth(line) > columns) return;
    }
  }
  void ExpectFitsEverywhere(const std::vector<std::string>& arguments) {
    for (const int columns : {80, 120}) {
      ExpectFits(arguments, columns);
      std::vector<std::string> wide = arguments;
      wide.insert(wide.end(), {"-o", "wide"});
      ExpectFits(wide, columns);
    }
  }
};

// A run with everything that makes its lines long.
v1::Run LongRun() {
  v1::Run run = EndedRun();
  run.set_model_name("ins1_mix_d12_l3_h4_t40.5K_gf_s372001*");
  run.set_owner("augusta-ada-king-日本語");
  run.set_state_reason("NON_FINITE_LOSS");
  run.set_state_detail(std::string(300, 'x'));
  (*run.mutable_labels())["purpose"] = std::string(63, 'y');
  for (v1::Attempt& segment : *run.mutable_segments()) {
    segment.set_cpu_model("AMD EPYC 9654 96-Core Processor with Radeon Graphics");
    segment.set_torch_version("2.11.0+cpu");
  }
  return run;
}

v1::Analysis Analysis(const std::string& kind) {
  v1::Analysis analysis = EndedAnalysis();
  analysis.set_analysis(kind);
  analysis.clear_result();
  analysis.clear_request();
  analysis.mutable_provenance()->set_device("cpu");
  analysis.mutable_provenance()->set_sumscope_version("0.1.0");
  analysis.mutable_provenance()->set_git_hash("0123456789ab");
  analysis.mutable_provenance()->set_torch_version("2.11.0+cpu");
  for (int i = 0; i < 60; ++i)
    analysis.mutable_question_set()->mutable_pairs()->add_tasks(absl::StrCat("A", i % 6, ".SS9C"));
  return analysis;
}

void AddAblated(v1::AblatedNodes* nodes, const std::string& name) {
  nodes->set_nodes(name);
  nodes->set_failed_of_right(12345);
  nodes->set_fail_percent(42);
  nodes->set_failing_digits("A6543210S");
  nodes->set_impact("A6543210S");
  nodes->set_moved_l2(1.5);
  for (const char* one : {"S0", "S1", "S2", "S3", "S4", "S5"}) {
    v1::ClassHits* const hits = nodes->add_classes();
    hits->set_question_class(one);
    hits->set_failed(1234);
    hits->set_right(12345);
  }
}

std::vector<v1::Analysis> LongAnalyses() {
  std::vector<v1::Analysis> all = {Analysis("evaluate"),     Analysis("attention"), Analysis("ablate"),
                                   Analysis("useful_nodes"), Analysis("pca"),       Analysis("attribution"),
                                   Analysis("phases"),       Analysis("cascades"),  Analysis("algorithm"),
                                   Analysis("subtasks"),     Analysis("ask"),       Analysis("linear_probe"),
                                   Analysis("patch")};
  *all[0].mutable_result() = EndedAnalysis().result();
  for (v1::ClassResult& one : *all[0].mutable_result()->mutable_evaluate()->mutable_classes()) {
    one.mutable_exact()->set_count(1'000'000'000);
    one.mutable_exact()->set_correct(999'999'999);
  }
  for (uint32_t h = 0; h < 16; ++h) {
    v1::AttentionHead* const head = all[1].mutable_result()->mutable_attention()->add_heads();
    head->set_head(h);
    v1::AttentionRow* const row = head->add_rows();
    row->set_position(14);
    row->set_meaning("A4");
    row->set_predicts("A3");
    row->set_pair(3);
    row->set_pair_percent(96);
    for (uint32_t i = 0; i < 12; ++i) {
      row->add_top()->set_meaning(absl::StrCat("D'", i));
      row->mutable_top(static_cast<int>(i))->set_percent(8);
    }
  }
  std::string set = "P0L0H0";
  for (int i = 1; i < 30; ++i) absl::StrAppend(&set, ",P", i, "L0H1");
  AddAblated(all[2].mutable_result()->mutable_ablate()->add_results(), set);
  for (int layer = 0; layer < 3; ++layer) {
    for (int h = 0; h < 6; ++h) {
      AddAblated(all[3].mutable_result()->mutable_useful_nodes()->add_nodes(), absl::StrCat("P14L", layer, "H", h));
    }
  }
  v1::PcaNode* const node = all[4].mutable_result()->mutable_pca()->add_nodes();
  node->set_node("P14L0H1");
  for (int i = 0; i < 20; ++i) node->add_evr(0.05);
  node->set_cluster_silhouette(0.5);
  for (int a = 21; a >= 0; --a) {
    v1::AttributionResult* const result = all[5].mutable_result()->mutable_attribution();
    result->add_answer_tokens(absl::StrCat("A", a));
    result->add_true_logit(-12.25);
  }
  v1::PhasedSeries* const series = all[6].mutable_result()->mutable_phases()->add_digits();
  series->set_name("A5");
  for (uint32_t i = 0; i < 20; ++i) series->add_boundaries()->set_step(1000 * i);
  v1::LookBackDigit* const digit = all[7].mutable_result()->mutable_cascades()->add_additions();
  digit->set_digit("A20");
  for (int m = 0; m < 20; ++m) {
    digit->add_kappa(0.5);
    digit->add_kappa_lower(0.4);
    digit->add_kappa_upper(0.6);
  }
  all[7].mutable_result()->mutable_cascades()->add_agreements()->add_by_k()->set_exact(10'000);
  v1::AlgorithmClause* const clause = all[8].mutable_result()->mutable_algorithm()->add_clauses();
  clause->set_name("SA before the digit is revealed");
  clause->set_text("before each digit is written a head has added its pair, and another one has read the pair below");
  clause->set_evidence(set);
  v1::SubtaskFinding* const finding = all[9].mutable_result()->mutable_subtasks()->add_findings();
  finding->set_task("A2.SS9C");
  finding->set_nodes(set);
  finding->set_evidence(std::string(200, 'e'));
  v1::AskResult* const asked = all[10].mutable_result()->mutable_ask();
  asked->set_question(absl::StrCat(std::string(20, '9'), "+", std::string(20, '1')));
  for (v1::AskedAnswer* answer : {asked->mutable_plain(), asked->mutable_intervened()})
    answer->add_tokens()->set_digit("SGN");
  all[11].mutable_result()->mutable_linear_probe()->mutable_held_out()->set_count(100'000'000);
  all[11].mutable_request()->mutable_linear_probe()->set_hook("blocks.0.attn.hook_z");
  v1::PatchResult* const patched = all[12].mutable_result()->mutable_patch();
  patched->add_nodes(set);
  patched->add_warnings(std::string(200, 'w'));
  v1::PatchedPair* const pair = patched->add_pairs();
  pair->set_store(std::string(41, '7'));
  pair->set_store_true(std::string(21, '7'));
  pair->set_store_predicted(std::string(21, '7'));
  pair->add_results()->set_predicted(std::string(22, '8'));
  return all;
}

// At 80 columns every row of most tables was broken in the middle by the terminal.
TEST_F(TerminalWidth_Test, GivenEachAnalysisThenNoLineIsBroken) {
  server_.run = LongRun();
  for (const v1::Analysis& analysis : LongAnalyses()) {
    server_.analysis = analysis;
    ExpectFitsEverywhere({"analyses", "show", "r7k2m9qa/a1b2c3d4"});
  }
}

TEST_F(TerminalWidth_Test, GivenListsThenNoLineIsBroken) {
  server_.run = LongRun();
  server_.analysis = Analysis("linear_probe");
  FillCapture(&server_);
  v1::NodeFact fact;
  fact.set_run("runs/r7k2m9qa");
  fact.set_tag("Attn:P9=52");
  fact.set_node("P14L0MLP");
  fact.set_model_name("ins1_mix_d12_l3_h4_t40.5K_gf_s372001*");
  fact.set_checkpoint("runs/r7k2m9qa/checkpoints/15000");
  fact.set_analysis("runs/r7k2m9qa/analyses/a1b2c3d4");
  server_.facts = {fact, fact};
  server_.metric_steps = 20;
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"runs", "list"},
                                             {"runs", "show", "r7k2m9qa"},
                                             {"runs", "checkpoints", "r7k2m9qa"},
                                             {"runs", "compare", "r7k2m9qa", "r7k2m9qa"},
                                             {"analyses", "list"},
                                             {"captures", "list"},
                                             {"captures", "show", "r7k2m9qa/a1b2c3d4"},
                                             {"facts"},
                                             {"server", "info"},
                                             {"glossary"}}) {
    ExpectFitsEverywhere(command);
  }
  for (const int columns : {80, 120}) ExpectFits({"runs", "metrics", "r7k2m9qa", "-o", "table"}, columns);
}

// Help was wrapped by the terminal, in the middle of words.
TEST_F(TerminalWidth_Test, GivenHelpThenItIsWrappedAtItsWords) {
  for (const int columns : {80, 120}) {
    for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{{},
                                                                                         {"train"},
                                                                                         {"runs"},
                                                                                         {"runs", "list"},
                                                                                         {"runs", "compare"},
                                                                                         {"facts"},
                                                                                         {"probe", "x", "evaluate"},
                                                                                         {"probe", "x", "patch"},
                                                                                         {"capture"},
                                                                                         {"import"},
                                                                                         {"ask"}}) {
      std::vector<std::string> help = command;
      help.push_back("--help");
      ExpectFits(help, columns);
    }
  }
  EXPECT_THAT(Out(), HasSubstr("Usage: sumscope ask"));
}

// At 80 columns almost every error was broken within a word.
TEST_F(TerminalWidth_Test, GivenErrorsAndNotesThenTheyAreWrappedAtTheirWordsOnATerminalAlone) {
  const auto plain = [this] { return absl::StrReplaceAll(Err(), {{"\x1b[31m", ""}, {"\x1b[0m", ""}}); };
  const auto words = [&] {
    return absl::StrJoin(absl::StrSplit(plain(), absl::ByAnyChar(" \n"), absl::SkipEmpty()), " ");
  };
  constexpr int kColours = 9;  // they take no room on a terminal
  terminal_.width_of_err = [] { return 40; };
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"glossary", "kapa", "and", "a", "few", "words", "more"},
                                             {"runs", "lst"},
                                             {"runs", "list", "--limit", "x"},
                                             {"capture", "r7", "--hooks", "*"}}) {
    terminal_.err_is_terminal = terminal_.colour = false;
    Run(command);
    const std::string whole = words();
    EXPECT_THAT(Err(), ::testing::ContainsRegex("[^\n]{41}")) << "a line that a pipe gets as it is";
    terminal_.err_is_terminal = terminal_.colour = true;
    Run(command);
    for (const absl::string_view line : absl::StrSplit(Err(), '\n')) {
      EXPECT_LE(DisplayWidth(line), absl::StartsWith(line, "\x1b") ? 40 + kColours : 40) << Err();
    }
    EXPECT_EQ(words(), whole);
  }
}

TEST_F(TerminalWidth_Test, GivenALineOfTheLogThenItIsWrappedUnderItsText) {
  server_.events = EventsOf(EndedRun());
  server_.events[2].mutable_log()->set_text("no line has room for so many words");
  terminal_.err_is_terminal = true;
  terminal_.width_of_err = [] { return 40; };
  Run({"runs", "watch", "r7"});
  EXPECT_THAT(Err(), HasSubstr("r7k2m9qa  WARNING  no line has room for\n          so many words\n"));
}

TEST_F(TerminalWidth_Test, GivenAPipeOrAFileThenRowsAreWhole) {
  server_.run = LongRun();
  EXPECT_EQ(Run({"runs", "list"}), 0);
  EXPECT_THAT(Out(), HasSubstr("ins1_mix_d12_l3_h4_t40.5K_gf_s372001*  SUCCEEDED"));
  EXPECT_THAT(Out(), HasSubstr("augusta-ada-king-日本語\n"));
  EXPECT_THAT(Out(), ::testing::Not(HasSubstr("no room")));
}

}  // namespace
}  // namespace sumscope::client

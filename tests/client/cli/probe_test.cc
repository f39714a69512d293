#include <cmath>
#include <optional>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Probe_Test : public CommandFixture {
 protected:
  v1::AnalysisRequest Sent() const { return server_.LastRequest<v1::CreateAnalysisRequest>().request(); }
};

TEST_F(Probe_Test, WhenTheRunIsMissingThenItIsSaidAndHelpIsOfTheAnalysis) {
  EXPECT_EQ(Run({"probe", "evaluate", "--help"}), 0);
  EXPECT_THAT(Out(), HasSubstr("sumscope probe RUN[@STEP] evaluate [OPTIONS]"));
  EXPECT_THAT(Out(), HasSubstr("--worst"));
  EXPECT_EQ(Run({"probe", "evaluate"}), 2);
  EXPECT_THAT(Err(), HasSubstr("sumscope probe RUN[@STEP] evaluate"));
  EXPECT_EQ(Run({"probe", "r7"}), 2);
  EXPECT_THAT(Err(), HasSubstr("useful-nodes"));
  EXPECT_EQ(Run({"probe", "r7", "usefull-nodes"}), 2);
  EXPECT_THAT(Err(), HasSubstr("did you mean \"useful-nodes\""));
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--runs", "state = RUNNING"}), 2);
  EXPECT_THAT(server_.calls(), ElementsAre());
}

TEST_F(Probe_Test, WhenNodesAreAblatedThenEachSetIsOne) {
  EXPECT_EQ(Run({"probe", "r7", "ablate", "--nodes", "P14L0H1", "--nodes", "L0MLP,P9L0H0", "--mode", "resample",
                 "--seed", "5", "--operation", "mix", "-q"}),
            0);
  EXPECT_THAT(Sent().ablate().node_sets(), ElementsAre("P14L0H1", "L0MLP,P9L0H0"));
  EXPECT_EQ(Sent().ablate().mode(), v1::RESAMPLE);
  EXPECT_EQ(Sent().ablate().seed(), 5u);
  EXPECT_EQ(server_.LastRequest<v1::CreateAnalysisRequest>().question_set().operation(), v1::MIX);
  EXPECT_EQ(Run({"probe", "r7", "ablate", "--node", "P14L0H1", "-q"}), 0) << "the same option";
  EXPECT_THAT(Sent().ablate().node_sets(), ElementsAre("P14L0H1"));
  EXPECT_EQ(Run({"probe", "r7", "ablate"}), 2);
  EXPECT_EQ(Run({"probe", "r7", "ablate", "--nodes", "x", "--mode", "median"}), 2);
}

TEST_F(Probe_Test, WhenEachProbeIsAskedThenItsRequestSaysAll) {
  EXPECT_EQ(Run({"probe", "r7", "attention", "--all-rows", "--per-question", "-q"}), 0);
  EXPECT_TRUE(Sent().attention().all_rows() && Sent().attention().per_question());
  EXPECT_EQ(Run({"probe", "r7", "useful-nodes", "--mode", "zero", "-q"}), 0);
  EXPECT_EQ(Sent().useful_nodes().mode(), v1::ZERO);
  EXPECT_FALSE(server_.LastRequest<v1::CreateAnalysisRequest>().has_question_set());
  EXPECT_EQ(Run({"probe", "r7", "patch", "--questions", "tasks:A2.SA", "--head-pairs", "-q"}), 0);
  EXPECT_TRUE(Sent().patch().head_pairs());
  EXPECT_EQ(Run({"probe", "r7", "subtasks", "--tasks", "A2.SA,SC", "--tasks", "SS", "-q"}), 0);
  EXPECT_THAT(Sent().subtasks().tasks(), ElementsAre("A2.SA", "SC", "SS"));
  EXPECT_EQ(Run({"probe", "r7", "pca", "--nodes", "P14L0H1", "--digit", "D2", "--components", "2", "--scores", "-q"}),
            0);
  EXPECT_EQ(Sent().pca().digit(), 2u);
  EXPECT_EQ(Sent().pca().components(), 2u);
  EXPECT_TRUE(Sent().pca().with_scores());
  EXPECT_EQ(Run({"probe", "r7", "pca", "--digit", "two"}), 2);
  EXPECT_EQ(Run({"probe", "r7", "linear-probe", "--node", "P14L0H1", "--feature", "A2.SC", "--held-out", "0.25", "--l2",
                 "1e-4", "-q"}),
            0);
  EXPECT_EQ(Sent().linear_probe().held_out(), 0.25);
  EXPECT_EQ(Sent().linear_probe().l2(), 1e-4);
  EXPECT_EQ(Run({"probe", "r7", "linear-probe", "--nodes", "P14L0H1", "--feature", "A2.SC", "-q"}), 0);
  EXPECT_EQ(Sent().linear_probe().node(), "P14L0H1");
  EXPECT_EQ(Run({"probe", "r7", "linear-probe", "--feature", "A2.SC"}), 2);
  EXPECT_EQ(Run({"probe", "r7", "linear-probe", "--node", "P1L0", "--feature", "A2.SC", "--l2", "nan"}), 2);
  EXPECT_EQ(Run({"probe", "r7", "attribution", "-q"}), 0);
  EXPECT_TRUE(Sent().has_attribution());
  EXPECT_EQ(Run({"probe", "r7", "phases", "--window", "20", "--penalty", "2.5", "--learnt-below", "0.2", "-q"}), 0);
  EXPECT_EQ(Sent().phases().window(), 20u);
  EXPECT_EQ(Sent().phases().penalty(), 2.5);
  EXPECT_EQ(Run({"probe", "r7", "cascades", "--per-cell", "100", "--seed", "3", "-q"}), 0);
  EXPECT_EQ(Sent().cascades().per_cell(), 100u);
  EXPECT_EQ(Run({"probe", "r7", "algorithm", "--mode", "mean", "-q"}), 0);
  EXPECT_EQ(Sent().algorithm().mode(), v1::MEAN);
}

TEST_F(Probe_Test, WhenADryRunThenThePredictionAndNothingIsQueued) {
  server_.on_create = [](const v1::CreateAnalysisRequest&, v1::Analysis* analysis) {
    analysis->mutable_prediction()->set_questions(10000);
    analysis->mutable_prediction()->set_memory_bytes(3 << 20);
    analysis->mutable_prediction()->set_free_disk_bytes(uint64_t{7} << 30);
  };
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--dry-run"}), 0);
  EXPECT_TRUE(server_.LastRequest<v1::CreateAnalysisRequest>().validate_only());
  EXPECT_THAT(Out(), HasSubstr("number of questions  10,000"));
  EXPECT_THAT(Out(), HasSubstr("3.0 MiB"));
  EXPECT_THAT(Out(), ContainsRegex("free disk +7.0 GiB"));
  EXPECT_THAT(Out(), HasSubstr("no worker has measured"));
  EXPECT_THAT(Out(), HasSubstr("Nothing was queued"));
}

// A directory or a device in place of a file was "not found", which is what a wrong run id is.
TEST_F(Probe_Test, WhenAnInputIsNoRegularFileThenItIsBadInput) {
  for (const std::string& path : {directory_.path(), std::string("/dev/zero")}) {
    for (const std::vector<std::string>& command : {std::vector<std::string>{"import", path},
                                                    {"facts", "import", "r7", path},
                                                    {"probe", "r7", "evaluate", "--questions", "file:" + path}}) {
      EXPECT_EQ(Run(command), 2) << command[0] << " " << path;
      EXPECT_THAT(Err(), HasSubstr("FILE_NOT_REGULAR"));
    }
  }
  EXPECT_EQ(Run({"import", directory_.path() + "/none"}), 3);
}

// The view of an evaluation alone did without the run's spec, which says that products are not among its questions.
TEST_F(Probe_Test, GivenARunOfThreeOperationsThenItsEvaluationSaysWhatWasNotAsked) {
  server_.run.mutable_spec()->set_operation(v1::MAS);
  for (v1::DigitResult& digit : *server_.analysis.mutable_result()->mutable_evaluate()->mutable_digits()) {
    digit.mutable_accuracy()->set_count(1000);
  }
  server_.analysis.mutable_result()->mutable_evaluate()->clear_classes();
  server_.analysis.mutable_result()->mutable_evaluate()->add_classes()->mutable_exact()->set_count(1000);
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--wait"}), 0) << Err();
  EXPECT_THAT(Out(), HasSubstr("not asked    multiplications (--operation mul asks them)"));
}

TEST_F(Probe_Test, GivenLossesOfASampleThenItIsSaid) {
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--loss-in-full", "--wait"}), 0) << Err();
  EXPECT_TRUE(server_.LastRequest<v1::CreateAnalysisRequest>().request().evaluate().loss_in_full());
  EXPECT_THAT(Out(), Not(HasSubstr("sample of")));
  EXPECT_THAT(Out(), Not(HasSubstr("answered"))) << "it is not said by what";
  v1::EvaluateResult* const result = server_.analysis.mutable_result()->mutable_evaluate();
  result->set_loss_questions(500);
  result->set_by_tables(true);
  result->set_rechecked(1);
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--wait"}), 0) << Err();
  EXPECT_FALSE(server_.LastRequest<v1::CreateAnalysisRequest>().request().evaluate().has_loss_in_full());
  EXPECT_THAT(Out(), HasSubstr("nats per answer token (of a sample of 500, "));
  EXPECT_THAT(Out(), HasSubstr("by tables; 1 question rechecked by the forward pass"));
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--wait", "-o", "csv"}), 0) << Err();
  EXPECT_THAT(Out(), HasSubstr("all,loss_questions,,500,"));
  result->set_loss_questions(1000);
  result->set_by_tables(false);
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--wait"}), 0) << Err();
  EXPECT_THAT(Out(), testing::AllOf(Not(HasSubstr("sample of")), HasSubstr("by the forward pass")));
  result->mutable_screening()->set_bound(0.5);
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--wait"}), 0) << Err();
  EXPECT_THAT(Out(),
              HasSubstr("in bfloat16 where the two largest logits differ by more than 0.50; 1 question rechecked "
                        "by the forward pass, by at most 0.00 off"));
}

TEST_F(Probe_Test, WhenManyRunsAreAskedThenMeanSpreadAndShares) {
  server_.from_cache = true;
  server_.no_checkpoint = {"runs/r1"};
  server_.on_create = [](const v1::CreateAnalysisRequest& request, v1::Analysis* analysis) {
    const bool first = request.parent() == "runs/r0";
    analysis->mutable_result()->mutable_evaluate()->mutable_digits(0)->set_loss(first ? 1 : 3);
    analysis->set_name(request.parent() + "/analyses/a");
  };
  EXPECT_EQ(Run({"probe", "--runs", "labels.study = \"s\"", "evaluate", "-o", "json"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListRunsRequest>().filter(), "labels.study = \"s\"");
  EXPECT_THAT(Err(), HasSubstr("r1 is left out"));
  const auto json = nlohmann::json::parse(Out());
  EXPECT_EQ(json["runs"].size(), 2u);
  EXPECT_EQ(json["left_out"], nlohmann::json({"r1"}));
  EXPECT_EQ(json["left_out_because"]["r1"]["reason"], "RUN_HAS_NO_CHECKPOINT");
  bool found = false;
  for (const auto& number : json["numbers"]) {
    if (number["path"] != "digits.A5.loss") continue;
    found = true;
    EXPECT_EQ(number["n"], 2);
    EXPECT_EQ(number["mean"], 2.0);
    EXPECT_DOUBLE_EQ(number["standard_deviation"].get<double>(), std::sqrt(2.0));
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(Run({"probe", "--runs", "x", "evaluate"}), 0);
  EXPECT_THAT(Out(), ::testing::ContainsRegex("RUN +MODEL +STEP +ANSWER +EXACT.RATE +LOSS\n"));
  EXPECT_THAT(Out(), HasSubstr("LEFT OUT  BECAUSE\nr1        no checkpoint yet\n"));
  EXPECT_THAT(Out(), ::testing::ContainsRegex("NUMBER.*\nexact.rate +2 +95.70 % +0.00 %"));
  EXPECT_THAT(Out(), Not(HasSubstr("digits.A5.loss"))) << "the long remainder";
  EXPECT_THAT(Out(), HasSubstr(" more with -o wide\n"));
  EXPECT_EQ(Run({"probe", "--runs", "x", "evaluate", "-o", "wide"}), 0);
  EXPECT_THAT(Out(), HasSubstr("digits.A5.loss"));
  EXPECT_EQ(Run({"probe", "--runs", "x", "evaluate", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr("number,digits.A5.loss,,2,2,1.414213562373095"));
  server_.no_checkpoint = {"runs/r0", "runs/r1", "runs/r2"};
  EXPECT_EQ(Run({"probe", "--runs", "x", "evaluate"}), 8);
}

// "450.0" steps; and the questions of the first run stood for those of all.
TEST_F(Probe_Test, WhenStepsAreAskedOfManyRunsThenTheyAreWholeAndEachRunHasItsQuestions) {
  server_.from_cache = true;
  server_.on_create = [](const v1::CreateAnalysisRequest& request, v1::Analysis* analysis) {
    analysis->set_analysis("phases");
    analysis->clear_result();
    v1::PhasedSeries* const digit = analysis->mutable_result()->mutable_phases()->add_digits();
    digit->set_name("A5");
    digit->set_learnt_step(request.parent() == "runs/r0" ? 450 : 12'001);
    analysis->mutable_question_set()->mutable_uniform()->set_count(request.parent() == "runs/r0" ? 10 : 20);
  };
  EXPECT_EQ(Run({"probe", "--runs", "x", "phases", "--no-headers"}), 0);
  EXPECT_THAT(Out(), ::testing::ContainsRegex("digits.A5.learnt_step +3 .* 450 +12,001\n"));
  EXPECT_THAT(Out(), Not(HasSubstr("450.0")));
  EXPECT_THAT(Out(), ::testing::ContainsRegex("r0 .*uniform:10,"));
  EXPECT_THAT(Out(), ::testing::ContainsRegex("r2 .*uniform:20,"));
  EXPECT_THAT(Out(), HasSubstr("each run its own"));
}

// Counts had a fraction (12.00), and values that are equal a spread of 2.3e-19: of the mean's rounding.
TEST_F(Probe_Test, WhenCountsAreAskedOfManyRunsThenTheyAreWholeAndEqualValuesHaveNoSpread) {
  server_.from_cache = true;
  server_.on_create = [](const v1::CreateAnalysisRequest& request, v1::Analysis* analysis) {
    analysis->set_analysis("useful_nodes");
    analysis->clear_result();
    v1::UsefulNodesResult* const result = analysis->mutable_result()->mutable_useful_nodes();
    result->set_useful_heads(request.parent() == "runs/r0" ? 12 : 14);
    result->set_useful_mlps(4);
    result->mutable_unablated()->set_loss(0.1);
  };
  EXPECT_EQ(Run({"probe", "--runs", "x", "useful-nodes"}), 0);
  EXPECT_THAT(Out(), ::testing::ContainsRegex("useful_heads +3 +13.33 +1.155 +12 +14\n"));
  EXPECT_THAT(Out(), ::testing::ContainsRegex("useful_mlps +3 +4 +0 +4 +4\n"));
  EXPECT_THAT(Out(), ::testing::ContainsRegex("unablated.loss +3 +0.1000 +0 +0.1000 +0.1000\n"));
}

TEST_F(Probe_Test, WhenOneOfManyFailsThenTheOthersAreTold) {
  server_.from_cache = true;
  server_.on_create = [](const v1::CreateAnalysisRequest& request, v1::Analysis* analysis) {
    if (request.parent() != "runs/r1") return;
    analysis->clear_result();
    analysis->set_state(v1::FAILED);
    analysis->set_state_reason("WORKER_LOST");
  };
  EXPECT_EQ(Run({"probe", "--runs", "x", "evaluate", "-o", "json"}), 5);
  EXPECT_THAT(Err(), HasSubstr("WORKER_LOST"));
  const auto json = nlohmann::json::parse(Out());
  EXPECT_EQ(json["runs"].size(), 2u);
  EXPECT_EQ(json["left_out_because"]["r1"]["reason"], "WORKER_LOST");
}

TEST_F(Probe_Test, WhenAQuestionIsAskedThenDigitByDigitSideBySide) {
  server_.from_cache = true;
  server_.on_create = [](const v1::CreateAnalysisRequest&, v1::Analysis* analysis) {
    analysis->clear_result();
    v1::AskResult* const result = analysis->mutable_result()->mutable_ask();
    result->set_question("44444+55556");
    result->set_true_answer("+100000");
    result->set_question_class("S5");
    result->set_look_back_2("+090000");
    for (v1::AskedAnswer* answer : {result->mutable_plain(), result->mutable_intervened()}) {
      const bool plain = answer == &result->plain();
      answer->set_predicted(plain ? "+100000" : "+000000");
      answer->set_right(plain);
      v1::AskedToken* const token = answer->add_tokens();
      token->set_digit("A5");
      token->set_truth("1");
      token->set_predicted(plain ? "1" : "0");
      token->set_p_truth(plain ? 0.75 : 0.25);
      token->set_p_predicted(0.75);
    }
  };
  EXPECT_EQ(
      Run({"ask", "r7", "44444+55556", "--ablate", "P14L0H1", "--patch-from", "1+2", "--node", "P9L0H0", "--generate"}),
      0);
  EXPECT_EQ(server_.LastRequest<v1::CreateAnalysisRequest>().question_set().list().questions(0), "44444+55556");
  EXPECT_THAT(Sent().ask().ablate(), ElementsAre("P14L0H1"));
  EXPECT_EQ(Sent().ask().patch_from(), "1+2");
  EXPECT_THAT(Sent().ask().patch_nodes(), ElementsAre("P9L0H0"));
  EXPECT_THAT(Out(), HasSubstr("look-back-2 says     +090000 (wrong)"));
  EXPECT_THAT(Out(), HasSubstr("A5     1     1       75.00 %  75.00 %  0 *            75.00 %  25.00 %"));
  EXPECT_EQ(Run({"ask", "r7", "1+2", "--patch-from", "3+4", "--nodes", "P9L0H0,P9L0H1"}), 0);
  EXPECT_THAT(Sent().ask().patch_nodes(), ElementsAre("P9L0H0,P9L0H1"));
  EXPECT_EQ(Run({"ask", "r7", "1+2", "--patch-from", "3+4"}), 2);
}

TEST_F(Probe_Test, WhenAnalysesAreExportedAndDeletedThenAllOfTheRun) {
  EXPECT_EQ(Run({"analyses", "list", "--analysis", "useful-nodes"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListAnalysesRequest>().analysis(), "useful_nodes");
  EXPECT_EQ(Run({"analyses", "list", "--analysis", "evaluat"}), 2);
  EXPECT_THAT(Err(), HasSubstr("did you mean \"evaluate\"?"));
  EXPECT_EQ(Run({"analyses", "list", "--analysis", "zzz"}), 2);
  EXPECT_THAT(Err(), HasSubstr("there are evaluate, attention"));
  EXPECT_EQ(Run({"analyses", "export", "r7"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["analysis"], "evaluate");
  EXPECT_EQ(Run({"analyses", "delete", "r7k2m9qa/a1b2c3d4", "r7k2m9qa/b", "-q"}), 0);
  EXPECT_EQ(Out(), "runs/r7k2m9qa/analyses/a1b2c3d4\nruns/r7k2m9qa/analyses/b\n");
}

// An analysis that was started by mistake kept its slot until it ended.
TEST_F(Probe_Test, WhenAnalysesAreCancelledThenEachIsAndTheFirstErrorDecides) {
  EXPECT_EQ(Run({"analyses", "cancel", "r7k2m9qa/a1", "-q"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::CancelAnalysisRequest>().name(), "runs/r7k2m9qa/analyses/a1");
  EXPECT_EQ(Out(), "runs/r7k2m9qa/analyses/a1\n");
  EXPECT_EQ(Run({"analyses", "cancel", "r7k2m9qa/ended", "r7k2m9qa/a2"}), 8);
  EXPECT_THAT(Err(), HasSubstr("ANALYSIS_ENDED"));
  EXPECT_THAT(Out(), HasSubstr("CANCELLED"));
  EXPECT_EQ(Run({"captures", "cancel", "runs/r7k2m9qa/captures/c1", "-q"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::CancelAnalysisRequest>().name(), "runs/r7k2m9qa/analyses/c1");
}

TEST_F(Probe_Test, WhenACaptureIsLargeThenItsSizeIsSaidBeforeItBegins) {
  uint64_t bytes = uint64_t{3} << 30;
  server_.on_create = [&bytes](const v1::CreateAnalysisRequest& request, v1::Analysis* analysis) {
    if (request.validate_only()) analysis->mutable_prediction()->set_disk_bytes(bytes);
  };
  EXPECT_EQ(Run({"capture", "r7", "--hooks", "*"}), 0);
  EXPECT_THAT(Err(), HasSubstr("This stores about 3.0 GiB"));
  EXPECT_FALSE(server_.LastRequest<v1::CreateAnalysisRequest>().validate_only());
  bytes = 1000;
  EXPECT_EQ(Run({"capture", "r7", "--hooks", "*"}), 0);
  EXPECT_THAT(Err(), Not(HasSubstr("This stores")));
}

// `evaluate uniform:1000000000` was queued without a word.
TEST_F(Probe_Test, WhenAnAnswerTakesLongThenItSaysSoAndAsksWhoIsThere) {
  double seconds = 7200;
  server_.on_create = [&seconds](const v1::CreateAnalysisRequest& request, v1::Analysis* analysis) {
    if (request.validate_only()) analysis->mutable_prediction()->set_seconds(seconds);
  };
  const auto queued = [&] { return !server_.LastRequest<v1::CreateAnalysisRequest>().validate_only(); };
  std::optional<std::string> line = "n";
  int asked = 0;
  terminal_.read_line = [&] { return ++asked, line; };
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"probe", "r7", "evaluate"}, {"capture", "r7", "--hooks", "*"}}) {
    line = "n";
    EXPECT_EQ(Run(command), 1);
    EXPECT_THAT(Err(), HasSubstr("This takes about 2 h"));
    EXPECT_THAT(Err(), HasSubstr("NOT_CONFIRMED"));
    EXPECT_FALSE(queued());
    line = " Yes ";
    EXPECT_EQ(Run(command), 0);
    EXPECT_TRUE(queued());
  }
  line = std::nullopt;
  EXPECT_EQ(Run({"probe", "--runs", "x", "evaluate"}), 1);
  EXPECT_FALSE(queued());
  EXPECT_EQ(asked, 5);
  // With --yes, for short ones, and where nobody is there: no question.
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--yes"}), 0);
  EXPECT_THAT(Err(), HasSubstr("This takes about 2 h"));
  seconds = 10;
  EXPECT_EQ(Run({"probe", "r7", "evaluate"}), 0);
  EXPECT_THAT(Err(), Not(HasSubstr("This takes")));
  seconds = 7200;
  terminal_.err_is_terminal = true;
  terminal_.width_of_err = [] { return 30; };
  EXPECT_EQ(Run({"probe", "r7", "evaluate"}), 1);
  EXPECT_THAT(Err(), HasSubstr("This takes about 2 h of a\nslot's time. Go on? [y/N] ")) << "it was not wrapped";
  terminal_.err_is_terminal = false;
  terminal_.read_line = nullptr;
  EXPECT_EQ(Run({"probe", "r7", "evaluate"}), 0);
  EXPECT_THAT(Err(), HasSubstr("This takes about 2 h"));
  EXPECT_EQ(asked, 6);
  EXPECT_TRUE(queued());
}

TEST_F(Probe_Test, WhenOptionsContradictThenTheMessageSaysHow) {
  EXPECT_EQ(Run({"ask", "r7", "1+2", "--mode", "zero"}), 2);
  EXPECT_THAT(Err(), HasSubstr("--ablate"));
  EXPECT_EQ(Run({"probe", "r7", "linear-probe", "--node", "P1L0", "--hook", "x", "--feature", "A2.SC"}), 2);
  EXPECT_THAT(Err(), HasSubstr("not both"));
}

// "--bogus" was taken for "--out".
TEST_F(Probe_Test, WhenNoOptionIsLikeTheWordThenNoneIsProposed) {
  EXPECT_EQ(Run({"probe", "r7", "phases", "--bogus"}), 2);
  EXPECT_THAT(Err(), Not(HasSubstr("did you mean")));
  EXPECT_EQ(Run({"probe", "r7", "phases", "--questions", "x"}), 2);
  EXPECT_THAT(Err(), Not(HasSubstr("did you mean")));
  EXPECT_EQ(Run({"probe", "r7", "phases", "--windo", "5"}), 2);
  EXPECT_THAT(Err(), HasSubstr("did you mean \"--window\""));
  EXPECT_EQ(Run({"ask", "r7", "--", "-1+5", "--dry-run"}), 2);
  EXPECT_THAT(Err(), HasSubstr("came after \"--\""));
  EXPECT_EQ(Run({"nosuchcommand", "--help"}), 2);
  EXPECT_THAT(Err(), HasSubstr("no command \"nosuchcommand\""));
  EXPECT_EQ(Run({"facts", "export", "--help"}), 0);
  EXPECT_THAT(Out(), HasSubstr("sumscope facts export"));
}

// The tables did not say which activation was read for which feature.
TEST_F(Probe_Test, WhenALinearProbeIsShownThenWhatItReadForWhat) {
  server_.from_cache = true;
  server_.on_create = [](const v1::CreateAnalysisRequest&, v1::Analysis* analysis) {
    v1::LinearProbeRequest* const request = analysis->mutable_request()->mutable_linear_probe();
    request->set_node("P14L0H1");
    request->set_feature("A2.MT");
    request->set_held_out(0.2);
    request->set_l2(0.001);
    v1::LinearProbeResult* const result = analysis->mutable_result()->mutable_linear_probe();
    result->set_trained_on(398);
    result->mutable_held_out()->set_count(99);
  };
  EXPECT_EQ(Run({"probe", "r7", "linear-probe", "--node", "P14L0H1", "--feature", "A2.MT", "--wait"}), 0);
  EXPECT_THAT(Out(), HasSubstr("reads       P14L0H1\nfor         A2.MT\n"));
  EXPECT_THAT(Out(), HasSubstr("used        497 of 1,000: A2.MT is a feature of subtractions with a >= b"));
}

}  // namespace
}  // namespace sumscope::client

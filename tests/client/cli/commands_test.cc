#include <filesystem>
#include <fstream>
#include <map>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class Commands_Test : public CommandFixture {};

TEST_F(Commands_Test, WhenUsageIsWrongThenExitCodeTwoAndTheNearestIsNamed) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"trian", "x"}), 2);
  EXPECT_THAT(Err(), HasSubstr("did you mean \"train\""));
  EXPECT_EQ(Run({"runs", "lsit"}), 2);
  EXPECT_THAT(Err(), HasSubstr("did you mean \"list\""));
  for (const auto& [typed, meant] :
       std::map<std::string, std::string>{{"ls", "list"}, {"rm", "delete"}, {"stop", "cancel"}}) {
    EXPECT_EQ(Run({"runs", typed}), 2);
    EXPECT_THAT(Err(), HasSubstr("did you mean \"" + meant + "\"?"));
    EXPECT_EQ(Run({typed}), 2);
    EXPECT_THAT(Err(), HasSubstr("did you mean \"runs " + meant + "\"?"));
  }
  EXPECT_EQ(Run({"runs"}), 2);
  EXPECT_THAT(Err(), HasSubstr("sumscope runs needs a command: list, "));
  EXPECT_EQ(Run({"runs", "show"}), 2);
  EXPECT_EQ(Run({"runs", "show", "r1", "r2"}), 2);
  EXPECT_EQ(Run({"train", "m", "--wacth"}), 2);
  EXPECT_THAT(Err(), HasSubstr("did you mean \"--watch\""));
  EXPECT_EQ(Run({"runs", "list", "-o", "yaml"}), 2);
  EXPECT_EQ(Run({"runs", "list", "--limit", "many"}), 2);
  EXPECT_EQ(Run({"runs", "show", "NOT A RUN"}), 2);
  EXPECT_EQ(Run({"--timeout", "soon", "runs", "list"}), 2);
  EXPECT_EQ(Out(), "");
  EXPECT_THAT(server_.calls(), ElementsAre());
}

TEST_F(Commands_Test, WhenHelpIsAskedThenItIsDataAndSucceeds) {
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_THAT(Out(), HasSubstr("Exit codes"));
  EXPECT_EQ(Run({"runs", "metrics", "--help"}), 0);
  EXPECT_THAT(Out(), HasSubstr("--first-step"));
  EXPECT_THAT(Out(), HasSubstr("csv (default)"));
  EXPECT_THAT(Out(), HasSubstr("--server ADDRESS"));
  EXPECT_EQ(Run({"probe", "r1", "evaluate", "--help"}), 0);
  EXPECT_THAT(Out(), HasSubstr("sumscope probe RUN[@STEP] evaluate [OPTIONS]"));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"runs", "metrics"}, {"train"}, {"probe", "pca"}}) {
    std::vector<std::string> help = {"help"}, option = words;
    help.insert(help.end(), words.begin(), words.end());
    option.push_back("--help");
    EXPECT_EQ(Run(option), 0);
    const std::string expected = Out();
    EXPECT_EQ(Run(help), 0);
    EXPECT_EQ(Out(), expected);
  }
  EXPECT_EQ(Run({"help"}), 0);
  for (const char* told : {"SUMSCOPE_SERVER", "config.toml", "sumscope help COMMAND"}) {
    EXPECT_THAT(Out(), HasSubstr(told));
  }
  EXPECT_EQ(Run({"help", "dance"}), 2);
  EXPECT_EQ(Run({"--version"}), 0);
  EXPECT_THAT(Out(), HasSubstr("sumscope 0"));
}

TEST_F(Commands_Test, WhenSettingsAreWrongThenExitCodeTwoBeforeAnyCall) {
  EXPECT_EQ(Run({"train", "add_d5_l1_h3", "--set", "d_modle=96"}), 2);
  EXPECT_THAT(Err(), HasSubstr("d_model"));
  EXPECT_THAT(Err(), HasSubstr("[UNKNOWN_FIELD]"));
  EXPECT_EQ(Run({"train", "add_d5_l1_h3", "--set", "d_model=wide"}), 2);
  EXPECT_EQ(Run({"train"}), 2);
  EXPECT_EQ(Run({"train", "m", "--watch", "--then", "dance"}), 2);
  EXPECT_EQ(Run({"train", "m", "--label", "novalue"}), 2);
  EXPECT_THAT(server_.calls(), ElementsAre());
}

TEST_F(Commands_Test, WhenTrainIsCalledThenTheRequestSaysAllAndTheIdIsPrinted) {
  EXPECT_EQ(Run({"train", "--set", "d_model=96,format=plain", "add_d5_l1_h3", "--set", "seed=7", "--label", "a=b",
                 "--run-id", "mine", "-q"}),
            0);
  EXPECT_EQ(Out(), "mine\n");
  EXPECT_EQ(Err(), "");
  const auto request = server_.LastRequest<v1::CreateRunRequest>();
  EXPECT_EQ(request.model_name(), "add_d5_l1_h3");
  EXPECT_EQ(request.spec().d_model(), 96u);
  EXPECT_EQ(request.spec().format(), v1::PLAIN);
  EXPECT_EQ(request.spec().seed(), 7u);
  EXPECT_EQ(request.labels().at("a"), "b");
  EXPECT_EQ(request.run_id(), "mine");
  EXPECT_FALSE(request.validate_only());
  EXPECT_EQ(request.request_id().size(), 36u);
}

TEST_F(Commands_Test, WhenADryRunThenNothingIsQueuedAndThePredictionShown) {
  server_.run.clear_name();
  server_.run.mutable_prediction()->set_parameters(1234567);
  EXPECT_EQ(Run({"train", "add_d5_l1_h3", "--dry-run"}), 0);
  EXPECT_TRUE(server_.LastRequest<v1::CreateRunRequest>().validate_only());
  EXPECT_THAT(Out(), HasSubstr("1,234,567"));
  EXPECT_THAT(Out(), HasSubstr("learning_rate  8e-05"));
  EXPECT_THAT(Out(), EndsWith("\n\nNothing was queued: this was a dry run.\n"));
  EXPECT_EQ(Err(), "");
  EXPECT_EQ(Run({"train", "add_d5_l1_h3", "--dry-run", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "");
}

TEST_F(Commands_Test, WhenTheServerRefusesThenItsMessageReasonAndExitCodeAreTold) {
  const std::pair<absl::StatusCode, int> kCases[] = {
      {absl::StatusCode::kInvalidArgument, 2},   {absl::StatusCode::kNotFound, 3},
      {absl::StatusCode::kPermissionDenied, 4},  {absl::StatusCode::kFailedPrecondition, 8},
      {absl::StatusCode::kResourceExhausted, 9}, {absl::StatusCode::kDataLoss, 1},
      {absl::StatusCode::kCancelled, 1}};
  for (const auto& [code, exit] : kCases) {
    server_.errors = {MakeError(code, "SOME_REASON", "told \x1b[2J so")};
    EXPECT_EQ(Run({"runs", "show", "r1"}), exit);
    EXPECT_EQ(Err(), "error: told \\x1b[2J so [SOME_REASON]\n");
    EXPECT_EQ(Out(), "");
  }
}

TEST_F(Commands_Test, WhenNoServerIsThereThenExitCodeSevenAndTheSocketIsNamed) {
  server_.Stop();
  EXPECT_EQ(Run({"runs", "list"}), 7);
  EXPECT_THAT(Err(), HasSubstr(server_.socket()));
  EXPECT_THAT(Err(), HasSubstr("sumscoped"));
  EXPECT_EQ(Run({"--server", "nonsense", "runs", "list"}), 2);
  EXPECT_EQ(Run({"--server", "127.0.0.1:1", "runs", "list"}), 7);
}

TEST_F(Commands_Test, WhenNoServerIsNamedAndNoneIsThereThenTheSocketsTriedAreNamed) {
  if (std::filesystem::exists("/run/sumscope/sumscope.sock")) GTEST_SKIP() << "the machine's own server would answer";
  environment_.server.clear();
  environment_.xdg_runtime_dir = directory_.path();
  EXPECT_EQ(Run({"runs", "list"}), 7);
  EXPECT_THAT(Err(), HasSubstr(directory_.path() + "/sumscope.sock"));
}

TEST_F(Commands_Test, WhenRunsAreListedThenPagesAreFollowedUpToTheLimit) {
  EXPECT_EQ(Run({"runs", "list", "--filter", "state = RUNNING", "--sort-by", "model_name desc", "--no-headers"}), 0);
  EXPECT_THAT(Out(), HasSubstr("r0  add_d5_l1_h3_t15K_s372001  SUCCEEDED  15000/15000  0.01670  0.01710  2h  ada"));
  const auto request = server_.LastRequest<v1::ListRunsRequest>();
  EXPECT_EQ(request.filter(), "state = RUNNING");
  EXPECT_EQ(request.order_by(), "model_name desc");
  EXPECT_EQ(Run({"runs", "list", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "r0\nr1\nr2\n");
  EXPECT_EQ(Run({"runs", "list", "-q", "--limit", "2"}), 0);
  EXPECT_EQ(Out(), "r0\nr1\n");
  EXPECT_EQ(Run({"runs", "list", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["runs"].size(), 3u);
  EXPECT_EQ(Run({"runs", "list", "-o", "jsonl"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out().substr(0, Out().find('\n')))["name"], "runs/r0");
  EXPECT_EQ(Run({"runs", "list", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr("run,model,state,reason,steps_done,steps,loss,heldout_loss,owner"));
  EXPECT_THAT(Out(), HasSubstr("purpose=test"));
}

TEST_F(Commands_Test, WhenOutIsGivenThenTheFileHoldsTheData) {
  const std::string path = directory_.path() + "/runs.txt";
  EXPECT_EQ(Run({"runs", "list", "-o", "id", "--out", path}), 0);
  EXPECT_EQ(Out(), "");
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "r0\nr1\nr2\n");
  EXPECT_EQ(Run({"runs", "list", "-o", "id", "--out", "-"}), 0);
  EXPECT_EQ(Out(), "r0\nr1\nr2\n");
  EXPECT_EQ(Run({"runs", "list", "--out", directory_.path() + "/none/x"}), 1);
}

TEST_F(Commands_Test, WhenARunIsShownThenEverythingAPersonWantsIsThere) {
  (*server_.run.mutable_labels())["evil"] = "\x1b[31m";
  EXPECT_EQ(Run({"runs", "show", "@last"}), 0);
  for (const char* part :
       {"r7k2m9qa", "SUCCEEDED", "15,000 of 15,000 steps (100 %)", "0.0167", "0.0171", "evil=\\x1b[31m",
        "learning_rate  8e-05", "2: steps 0, 15000", "box", "sumscope probe r7k2m9qa evaluate", "59 min 50 s"}) {
    EXPECT_THAT(Out(), HasSubstr(part));
  }
  EXPECT_THAT(Out(), Not(HasSubstr("\x1b")));
  EXPECT_EQ(Run({"runs", "show", "r7", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["state"], "SUCCEEDED");
  server_.run.set_state(v1::FAILED);
  EXPECT_EQ(Run({"runs", "show", "r7"}), 0);
  EXPECT_THAT(Out(), HasSubstr("sumscope runs resume r7k2m9qa"));
}

TEST_F(Commands_Test, WhenAnImportWasReadAsOursThenTheRunSaysHow) {
  for (const char* note : {"names without their prefix", "taken as folded"}) server_.run.add_import_notes(note);
  EXPECT_EQ(Run({"runs", "show", "r7"}), 0);
  EXPECT_THAT(Out(), ::testing::ContainsRegex("read as ours +names without their prefix; taken as folded\n"));
}

TEST_F(Commands_Test, WhenSeveralRunsAreChangedThenOneFailureKeepsNoneFromItsTurn) {
  server_.run.set_state(v1::RUNNING);
  server_.errors = {MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED", "it has ended")};
  EXPECT_EQ(Run({"runs", "cancel", "r1", "r2"}), 8);
  EXPECT_EQ(server_.CountCalls("CancelRun"), 2);
  EXPECT_THAT(Out(), HasSubstr("r2"));
  EXPECT_THAT(Err(), HasSubstr("RUN_ENDED"));
}

TEST_F(Commands_Test, WhenSeveralFailThenAllAreToldAlikeInOrderAndTheFirstDecides) {
  server_.run.set_state(v1::RUNNING);
  server_.errors = {MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", "there is none"),
                    MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED", "it has ended")};
  EXPECT_EQ(Run({"runs", "cancel", "r1", "r2", "r0"}), 3);
  EXPECT_EQ(Err(), "error: r1: there is none [RUN_NOT_FOUND]\nerror: r2: it has ended [RUN_ENDED]\n");
  EXPECT_EQ(server_.CountCalls("CancelRun"), 3);
}

// "mine: mine has ended".
TEST_F(Commands_Test, WhenAnErrorNamesItsSubjectThenItIsSaidOnce) {
  server_.errors = {MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED", "mine has ended"),
                    MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED", "runs/mine has ended"),
                    MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED", "minetoo has ended")};
  EXPECT_EQ(Run({"runs", "cancel", "mine", "mine", "mine"}), 8);
  EXPECT_EQ(Err(),
            "error: mine has ended [RUN_ENDED]\nerror: runs/mine has ended [RUN_ENDED]\n"
            "error: mine: minetoo has ended [RUN_ENDED]\n");
}

// Text that was typed went raw to the terminal, and a line of it could pass for one of ours.
TEST_F(Commands_Test, WhenAnErrorRepeatsANewlineThenItIsEscaped) {
  EXPECT_EQ(Run({"runs", "show", "x\nerror: y"}), 2);
  EXPECT_THAT(Err(), HasSubstr("\"x\\nerror: y\" names no run"));
  server_.errors = {MakeError(absl::StatusCode::kInvalidArgument, "FILTER_INVALID", "no field \"a\nb\"")};
  EXPECT_EQ(Run({"runs", "show", "r1"}), 2);
  EXPECT_EQ(Err(), "error: no field \"a\\nb\" [FILTER_INVALID]\n");
  EXPECT_EQ(Run({"run\ns"}), 2);
  EXPECT_THAT(Err(), HasSubstr("\"run\\ns\""));
}

TEST_F(Commands_Test, WhenTheServerGivesNoReasonThenNobodyClaimsThatItIsNotThere) {
  server_.errors = {absl::InternalError("")};
  EXPECT_EQ(Run({"runs", "show", "r1"}), 1);
  EXPECT_THAT(Err(), HasSubstr("[NO_REASON_GIVEN]"));
}

TEST_F(Commands_Test, WhenANumberHasASignOrIsTooLongThenExitCodeTwoBeforeAnyCall) {
  for (const char* bad : {"-1", "+1", " 1", "1.5", "0x1", "", "99999999999999999999"}) {
    EXPECT_EQ(Run({"runs", "list", "--limit", bad}), 2) << bad;
    EXPECT_THAT(Err(), HasSubstr("--limit takes a whole number from 0 to 18446744073709551615")) << bad;
    EXPECT_EQ(Run({"analyses", "list", "--limit", bad}), 2) << bad;
    EXPECT_EQ(Run({"runs", "metrics", "r1", "--first-step", bad}), 2) << bad;
    EXPECT_EQ(Run({"runs", "logs", "r1", "--after", bad}), 2) << bad;
    EXPECT_EQ(Run({"probe", "r1", "evaluate", "--question-seed", bad}), 2) << bad;
  }
  EXPECT_EQ(Run({"probe", "r1", "evaluate", "--worst", "4294967296"}), 2);
  EXPECT_EQ(Run({"probe", "r1", "evaluate", "--worst=-3"}), 2);
  EXPECT_THAT(server_.calls(), ElementsAre());
}

// It said "@last: runs/x is not deleted", of a run that nobody had meant.
TEST_F(Commands_Test, WhenTheLatestRunIsToBeUndeletedThenItIsAskedWhich) {
  for (const char* last : {"@last", "runs/@last"}) {
    EXPECT_EQ(Run({"runs", "undelete", "r1", last}), 2) << last;
    EXPECT_THAT(Err(), HasSubstr("sumscope runs list --deleted"));
  }
  EXPECT_EQ(server_.CountCalls("UndeleteRun"), 0);
  server_.deleted = {"runs/r1", "runs/r2"};
  EXPECT_EQ(Run({"runs", "undelete", "r1", "r2"}), 0);
  EXPECT_EQ(server_.CountCalls("UndeleteRun"), 2);
}

TEST_F(Commands_Test, WhenAFileIsImportedThenTheHeaderSaysWhatIsKnown) {
  const std::string path = directory_.path() + "/foreign.safetensors";
  std::ofstream(path, std::ios::binary) << SmallSafetensors();
  EXPECT_EQ(Run({"import", path, "--operation", "sub", "--like", "sub_d6_l2_h3", "--run-id", "theirs"}), 0);
  const auto header = server_.LastRequest<v1::ImportHeader>();
  EXPECT_EQ(header.operation(), v1::SUB);
  EXPECT_EQ(header.like_model_name(), "sub_d6_l2_h3");
  EXPECT_EQ(header.file_name(), "foreign.safetensors");
  EXPECT_EQ(server_.uploaded, SmallSafetensors());
  const std::string odd = directory_.path() + "/odd\nname";
  std::ofstream(odd, std::ios::binary) << SmallSafetensors();
  EXPECT_EQ(Run({"import", odd}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ImportHeader>().file_name(), "odd?name");
  EXPECT_EQ(Run({"import", path, "--operation", "mix"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ImportHeader>().operation(), v1::MIX);
  EXPECT_EQ(Run({"import", path, "--operation", "div"}), 2);
  EXPECT_EQ(Run({"import", directory_.path() + "/none"}), 3);
}

TEST_F(Commands_Test, WhenAProbeIsNotWaitedForThenItsNameIsPrinted) {
  EXPECT_EQ(
      Run({"probe", "r7@100", "evaluate", "--questions", "class:S3:150", "--question-seed", "4", "--worst", "3", "-q"}),
      0);
  EXPECT_EQ(Out(), "runs/r7k2m9qa/analyses/a1b2c3d4\n");
  const auto request = server_.LastRequest<v1::CreateAnalysisRequest>();
  EXPECT_EQ(request.parent(), "runs/r7/checkpoints/100");
  EXPECT_EQ(request.question_set().of_class().question_class(), "S3");
  EXPECT_EQ(request.question_set().seed(), 4u);
  EXPECT_EQ(request.request().evaluate().worst_count(), 3u);
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "-o", "json"}), 0);
  const auto json = nlohmann::json::parse(Out());
  EXPECT_TRUE(json["result"].is_null());
  EXPECT_EQ(json["state"], "QUEUED");
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--questions", "nonsense"}), 2);
  EXPECT_EQ(Run({"probe", "r7", "evaluat"}), 2);
}

TEST_F(Commands_Test, WhenTheAnswerIsKnownThenItIsPrintedAtOnce) {
  server_.from_cache = true;
  EXPECT_EQ(Run({"probe", "r7", "evaluate"}), 0);
  for (const char* part : {"95.70 % of 1,000 questions (43 wrong; 95 % interval 94.25 .. 96.87 %)", "S3", "44444+55556",
                           "from cache", "US9", "generated"}) {
    EXPECT_THAT(Out(), HasSubstr(part));
  }
  EXPECT_EQ(server_.CountCalls("WatchAnalysis"), 0);
}

TEST_F(Commands_Test, WhenAProbeIsWaitedForThenItsResultAndFate) {
  server_.waits_for = "DISK_FULL";
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--wait"}), 0);
  EXPECT_THAT(Out(), HasSubstr("95.70 %"));
  EXPECT_THAT(Err(), HasSubstr("RUNNING (DISK_FULL)")) << "it may stand so for hours";
  server_.analysis.clear_result();
  server_.analysis.set_state(v1::FAILED);
  server_.analysis.set_state_reason("WORKER_LOST");
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--wait"}), 5);
  EXPECT_THAT(Out(), HasSubstr("FAILED (WORKER_LOST)"));
}

// Linear probes of one set of questions all looked alike.
TEST_F(Commands_Test, WhenLinearProbesAreListedThenWhatTheyReadIsThere) {
  v1::Analysis probe = EndedAnalysis();
  probe.set_analysis("linear_probe");
  probe.mutable_request()->mutable_linear_probe()->set_node("P14L0H1");
  probe.mutable_request()->mutable_linear_probe()->set_feature("A2.SC");
  server_.stored = {probe};
  EXPECT_EQ(Run({"analyses", "list", "r7k2m9qa", "-o", "wide"}), 0);
  EXPECT_THAT(Out(), HasSubstr("linear_probe P14L0H1 A2.SC"));
  EXPECT_EQ(Run({"analyses", "list", "r7k2m9qa", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr(",linear_probe,"));
}

TEST_F(Commands_Test, WhenAnAnalysisIsShownAsJsonThenItIsTheGoldenFile) {
  EXPECT_EQ(Run({"analyses", "show", "r7k2m9qa/a1b2c3d4", "-o", "json"}), 0);
  std::stringstream golden;
  golden << std::ifstream(SUMSCOPE_SOURCE_DIR "/tests/client/cli/golden/evaluate.json").rdbuf();
  EXPECT_EQ(Out(), golden.str());
}

TEST_F(Commands_Test, WhenAnAnalysisIsShownAsCsvThenOneRowPerNumber) {
  EXPECT_EQ(Run({"analyses", "show", "r7k2m9qa/a1b2c3d4", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr("section,name,part,count,correct,rate,lower,upper,loss,share_expected\n"));
  EXPECT_THAT(Out(), HasSubstr("class,S3,,50,40,0.8,0.66,0.9,0.5,0.04\n"));
  EXPECT_THAT(Out(), HasSubstr("cascade,A3,2,10,4,0.4,0.12,0.74,1.25,\n"));
}

TEST_F(Commands_Test, WhenAnalysesAreListedThenOfAllRunsOrOfOne) {
  EXPECT_EQ(Run({"analyses", "list"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListAnalysesRequest>().parent(), "runs/-");
  EXPECT_THAT(Out(), HasSubstr("uniform:1000, add"));
  EXPECT_EQ(Run({"analyses", "list", "r7"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListAnalysesRequest>().parent(), "runs/r7");
}

TEST_F(Commands_Test, WhenTheServerIsAskedThenItsFactsAreShown) {
  EXPECT_EQ(Run({"server", "info", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["pid"], "4711");
  EXPECT_EQ(Run({"server", "info"}), 0);
  EXPECT_THAT(Out(), HasSubstr("7.2 GFLOP/s  119 GFLOP/s")) << "1.2e+02 is no way to say it";
}

TEST_F(Commands_Test, WhenOutputIsConfiguredThenAFlagStillWins) {
  environment_.output = "json";
  EXPECT_EQ(Run({"runs", "show", "r7"}), 0);
  EXPECT_EQ(Out()[0], '{');
  EXPECT_EQ(Run({"runs", "show", "r7", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "r7k2m9qa\n");
  EXPECT_EQ(Run({"runs", "show", "r7", "-q"}), 0);
  EXPECT_EQ(Out(), "r7k2m9qa\n");
}

}  // namespace
}  // namespace sumscope::client

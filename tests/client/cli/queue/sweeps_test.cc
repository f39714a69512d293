// sumscope sweep, sweeps, and probe --sweep.
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "tests/client/cli/fixtures.h"
#include "tests/client/cli/queue/some_jobs.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Sweeps_Test : public CommandFixture {
 protected:
  Sweeps_Test() {
    v1::Sweep& sweep = server_.sweep;
    sweep.set_name("sweeps/s4t1b8xe");
    sweep.set_model_name("add_d5_l1_h3");
    *sweep.mutable_spec() = server_.run.spec();
    v1::SweepField* const seeds = sweep.add_fields();
    seeds->set_field("seed");
    for (int i = 1; i <= 8; ++i) seeds->add_values(std::to_string(i));
    sweep.add_then()->mutable_request()->mutable_evaluate();
    sweep.set_owner("ada");
    sweep.set_visibility(v1::LAB);
    sweep.set_priority(v1::NORMAL);
    sweep.mutable_create_time()->set_seconds(kClockSeconds - 600);
    sweep.set_state(v1::SWEEP_FAILED);
    sweep.set_runs(8);
    Count(v1::SUCCEEDED, 5);
    Count(v1::FAILED, 1);
    Count(v1::RUNNING, 2);
    v1::StateCount* const answered = sweep.add_analysis_counts();
    answered->set_state(v1::SUCCEEDED);
    answered->set_count(5);
    sweep.set_progress(0.7);
    *sweep.mutable_expected_end() = EstimateIn(1800);
  }
  void Count(v1::State state, uint32_t count) {
    v1::StateCount* const added = server_.sweep.add_run_counts();
    added->set_state(state);
    added->set_count(count);
  }
  v1::CreateSweepRequest Sent() const { return server_.LastRequest<v1::CreateSweepRequest>(); }
};

TEST_F(Sweeps_Test, WhenOneIsMadeThenTheRequestSaysAll) {
  EXPECT_EQ(Run({"sweep", "add_d5_l1_h3_t15K", "--seeds", "1..3,7", "--set", "d_model=96,128,format=plain", "--then",
                 "evaluate,cascades", "--max-parallel", "2", "--max-fails", "3", "--priority", "low", "--label", "a=b",
                 "--private", "-q"}),
            0);
  EXPECT_EQ(Out(), "s4t1b8xe\n");
  EXPECT_EQ(Err(), "");
  EXPECT_EQ(Sent().model_name(), "add_d5_l1_h3_t15K");
  ASSERT_EQ(Sent().fields_size(), 2);
  EXPECT_EQ(Sent().fields(0).field(), "d_model");
  EXPECT_THAT(Sent().fields(0).values(), ElementsAre("96", "128"));
  EXPECT_EQ(Sent().fields(1).field(), "seed");
  EXPECT_THAT(Sent().fields(1).values(), ElementsAre("1", "2", "3", "7"));
  EXPECT_EQ(Sent().spec().format(), v1::PLAIN) << "one value is the base's";
  EXPECT_EQ(Sent().then_size(), 2);
  EXPECT_TRUE(Sent().then(1).request().has_cascades());
  EXPECT_EQ(Sent().max_parallel(), 2u);
  EXPECT_EQ(Sent().max_fails(), 3u);
  EXPECT_EQ(Sent().priority(), v1::LOW);
  EXPECT_EQ(Sent().labels().at("a"), "b");
  EXPECT_EQ(Sent().visibility(), v1::PRIVATE);
  EXPECT_FALSE(Sent().validate_only());
  EXPECT_EQ(Sent().request_id().size(), 36u);
}

TEST_F(Sweeps_Test, GivenWhatCannotBeThenExitCodeTwoBeforeAnyCall) {
  for (const std::vector<std::string>& rest : {std::vector<std::string>{},
                                               {"--set", "d_model=96"},
                                               {"--seeds", "8..1"},
                                               {"--seeds", ""},
                                               {"--seeds", "1..20000"},
                                               {"--seeds", "1..2", "--set", "seed=3,4"},
                                               {"--set", "d_model=96,128", "--set", "d_model=64"},
                                               {"--set", "96,128"},
                                               {"--seeds", "1..2", "--then", "dance"},
                                               {"--seeds", "1..2", "--priority", "urgent"},
                                               {"--seeds", "1..2", "--max-parallel", "-1"},
                                               {"--seeds", "1..2", "--dry-run", "--watch"}}) {
    std::vector<std::string> command = {"sweep", "m"};
    command.insert(command.end(), rest.begin(), rest.end());
    EXPECT_EQ(Run(command), 2) << (rest.empty() ? "" : rest.back());
  }
  EXPECT_THAT(server_.calls(), IsEmpty());
  EXPECT_EQ(Run({"sweep", "m", "--seeds", "1..2", "--set", "seed=3,4"}), 2);
  EXPECT_THAT(Err(), HasSubstr("[FIELD_TWICE]"));
}

TEST_F(Sweeps_Test, WhenADryRunThenMembersAndPredictionAreShown) {
  server_.sweep.mutable_prediction()->set_seconds(7200);
  server_.sweep.mutable_prediction()->set_measured(true);
  EXPECT_EQ(Run({"sweep", "add_d5_l1_h3", "--seeds", "1..8", "--dry-run"}), 0);
  EXPECT_TRUE(Sent().validate_only());
  EXPECT_THAT(Out(), HasSubstr("about 2 h of a slot's time"));
  EXPECT_THAT(Out(), Not(HasSubstr("s4t1b8xe")));
  EXPECT_THAT(Out(), HasSubstr("\n\nNothing was queued: this was a dry run.\n"));
}

TEST_F(Sweeps_Test, WhenTheyAreListedThenHowTheyStand) {
  EXPECT_EQ(Run({"sweeps", "list"}), 0);
  EXPECT_EQ(Out(),
            "SWEEP     MODEL         STATE   RUNS  DONE  FAILED  RUNNING  WAITING  ANALYSES  PROGRESS       ENDS  AGE  "
            "OWNER\n"
            "s4t1b8xe  add_d5_l1_h3  FAILED     8     5       1        2        0       5/5      70 %  in 30 min  10m  "
            "ada\n");
  EXPECT_EQ(Run({"sweeps", "list", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["sweeps"][0]["name"], "sweeps/s4t1b8xe");
  EXPECT_EQ(Run({"sweeps", "list", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr("s4t1b8xe,add_d5_l1_h3,FAILED,8,5,1,2,0,0.7,ada,lab,"));
}

TEST_F(Sweeps_Test, WhenOneIsShownThenItsRunsToo) {
  EXPECT_EQ(Run({"sweeps", "show", "@last"}), 0);
  EXPECT_THAT(Out(), HasSubstr("varies      seed 1, 2, 3, 4, 5 .. 8 (8 values)\n"));
  EXPECT_THAT(Out(), HasSubstr("done        5 of 8 trainings done, 1 failed, 2 running; 5 of 5 analyses done\n"));
  EXPECT_THAT(Out(), HasSubstr("next  sumscope sweeps retry s4t1b8xe --failed\n"));
  EXPECT_THAT(Out(), HasSubstr("\nr2  "));
  EXPECT_EQ(server_.LastRequest<v1::ListRunsRequest>().filter(), "sweep = \"s4t1b8xe\"");
  EXPECT_EQ(Run({"sweeps", "show", "s9"}), 3);
  EXPECT_THAT(Err(), HasSubstr("[SWEEP_NOT_FOUND]"));
  EXPECT_EQ(Run({"sweeps", "show", "not a name"}), 2);
}

// A comma within a label's value made two of one.
TEST_F(Sweeps_Test, WhenALabelHasACommaThenItIsOneLabelStill) {
  (*server_.sweep.mutable_labels())["why"] = "a,b=c";
  EXPECT_EQ(Run({"sweeps", "show", "@last"}), 0);
  EXPECT_THAT(Out(), HasSubstr("why=a\\,b=c"));
}

TEST_F(Sweeps_Test, WhenOneIsWatchedThenTheExitCodeIsItsFate) {
  for (const auto& [state, code] :
       {std::pair(v1::SWEEP_SUCCEEDED, 0), {v1::SWEEP_FAILED, 5}, {v1::SWEEP_CANCELLED, 6}}) {
    server_.sweep.set_state(state);
    EXPECT_EQ(Run({"sweeps", "watch", "@last", "-q"}), code);
    EXPECT_EQ(server_.LastRequest<v1::WatchSweepRequest>().name(), "sweeps/s4t1b8xe") << "never a prefix or @last";
    EXPECT_EQ(Run({"sweep", "m", "--seeds", "1..8", "--watch", "-q"}), code);
    EXPECT_EQ(Out(), "s4t1b8xe\n");
  }
}

TEST_F(Sweeps_Test, WhenTheServerIsLostThenTheWatchGoesOn) {
  server_.sweep.set_state(v1::SWEEP_SUCCEEDED);
  for (const Break kind : {Break::kUnavailable, Break::kEndEarly}) {
    server_.break_kind = kind;
    server_.break_after = 1;
    server_.breaks = 2;
    EXPECT_EQ(Run({"sweeps", "watch", "s4t1b8xe"}), 0);
    EXPECT_THAT(Err(), HasSubstr("lost the server"));
    EXPECT_THAT(Err(), HasSubstr("s4t1b8xe  SUCCEEDED: 5 of 8 trainings done"));
  }
}

TEST_F(Sweeps_Test, WhenTheUserDetachesThenTheWayBackIsPrinted) {
  server_.break_kind = Break::kHang;
  server_.break_after = 1;
  server_.breaks = 1;
  std::thread user([this] {
    server_.hanging.get_future().wait();
    cancellation_.Cancel();
  });
  EXPECT_EQ(Run({"sweeps", "watch", "s4t1b8xe"}), 130);
  user.join();
  EXPECT_THAT(Err(), HasSubstr("sumscope sweeps watch s4t1b8xe\n"));
  EXPECT_EQ(server_.CountCalls("CancelSweep"), 0);
}

TEST_F(Sweeps_Test, WhenOneIsChangedThenItIsPrinted) {
  EXPECT_EQ(Run({"sweeps", "cancel", "s4t1b8xe", "-q"}), 0);
  EXPECT_EQ(Out(), "s4t1b8xe\n");
  EXPECT_EQ(Run({"sweeps", "retry", "s4t1b8xe", "--failed"}), 0);
  EXPECT_FALSE(server_.LastRequest<v1::RetrySweepRequest>().request_id().empty());
  EXPECT_EQ(Run({"sweeps", "delete", "@last"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::DeleteSweepRequest>().name(), "sweeps/s4t1b8xe");
  EXPECT_EQ(Err(), "The sweep s4t1b8xe is forgotten; its runs stay.\n");
  server_.errors = {MakeError(absl::StatusCode::kFailedPrecondition, "SWEEP_ENDED", "it has ended")};
  EXPECT_EQ(Run({"sweeps", "cancel", "s4t1b8xe"}), 8);
}

TEST_F(Sweeps_Test, WhenItsRunsAreProbedThenTheFilterNamesIt) {
  server_.from_cache = true;
  EXPECT_EQ(Run({"probe", "--sweep", "@last", "evaluate"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListRunsRequest>().filter(), "sweep = \"s4t1b8xe\"");
  EXPECT_EQ(Run({"probe", "--sweep", "s1", "--runs", "state = SUCCEEDED", "evaluate"}), 2);
  EXPECT_EQ(Run({"probe", "r1", "--sweep", "s1", "evaluate"}), 2);
}

TEST_F(Sweeps_Test, GivenTheBeginningThenItIsCompleted) {
  server_.jobs = SomeJobs();
  EXPECT_EQ(Run({"complete", "--", "sweeps", "show", "s4"}), 0);
  EXPECT_EQ(Out(), "s4t1b8xe\tadd_d5_l1_h3, 8 runs\n");
  EXPECT_EQ(Run({"complete", "--", "probe", "--sweep", "s4"}), 0);
  EXPECT_THAT(Out(), HasSubstr("s4t1b8xe\t"));
  EXPECT_EQ(Run({"complete", "--", "explain", "jb"}), 0);
  EXPECT_EQ(Out(), "jbbbbbbb\tevaluate QUEUED\n");
  EXPECT_EQ(Run({"complete", "--", "runs", "priority", "h"}), 0);
  EXPECT_EQ(Out(), "high\t\n");
  EXPECT_EQ(Run({"complete", "--", "train", "m", "--after", "r"}), 0);
  EXPECT_THAT(Out(), HasSubstr("r1\t"));
}

}  // namespace
}  // namespace sumscope::client

// sumscope queue and explain.
#include <string>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli/fixtures.h"
#include "tests/client/cli/queue/some_jobs.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Queue_Test : public CommandFixture {
 protected:
  Queue_Test() { server_.jobs = SomeJobs(); }
};

TEST_F(Queue_Test, WhenItIsListedThenEachJobHasALine) {
  EXPECT_EQ(Run({"queue"}), 0);
  EXPECT_EQ(
      Out(),
      "PLACE  JOB       RUN  WHAT            OWNER         STATE         REASON     WAITED   STARTS       ENDS\n"
      "    -  jaaaaaaa  r0   add_d5_l1_h3    ada           RUNNING 25 %  -             10m        -  in 30 min\n"
      "    1  jbbbbbbb  r1   evaluate of r1  bob           QUEUED        RESOURCES      3m  in 60 s   in 2 min\n"
      "    2  -         -    another user's  another user  QUEUED        -               -        -          -\n"
      "    -  jccccccc  r2   add_d6_l2_h3    ada           QUEUED        HELD           2h        -          -\n");
  EXPECT_EQ(server_.CountCalls("ListJobs"), 4) << "one a page";
}

TEST_F(Queue_Test, WhenAnotherFormatIsAskedThenItHasAll) {
  EXPECT_EQ(Run({"queue", "-o", "csv", "--limit", "2"}), 0);
  EXPECT_THAT(Out(), HasSubstr("jaaaaaaa,r0,add_d5_l1_h3,ada,normal,RUNNING 25 %"));
  EXPECT_EQ(Err(), "There are more: --limit 0 lists all.\n");
  EXPECT_EQ(Run({"queue", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "jaaaaaaa\njbbbbbbb\njccccccc\n");
  EXPECT_EQ(Run({"queue", "-o", "json"}), 0);
  const auto json = nlohmann::json::parse(Out());
  EXPECT_EQ(json["jobs"].size(), 4u);
  EXPECT_EQ(json["waiting"], 3);
  EXPECT_EQ(json["jobs"][2]["another_users"], true);
  EXPECT_EQ(Run({"queue", "-o", "wide"}), 0);
  EXPECT_THAT(Out(), HasSubstr("ENDS BETWEEN"));
  EXPECT_THAT(Out(), HasSubstr("24 min to 60 min"));
}

TEST_F(Queue_Test, WhenUsersShareThenEachIsToldWithLimits) {
  v1::UserShare& ada = server_.shares.emplace_back();
  ada.set_user("users/ada");
  ada.set_device_seconds(7200);
  ada.set_share(0.75);
  ada.set_entitled(0.5);
  ada.set_running(1);
  ada.set_running_limit(4);
  ada.set_waiting(1);
  EXPECT_EQ(Run({"queue"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("ENTITLED")));
  EXPECT_EQ(Run({"queue", "--shares"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\nUSER         HAD  SHARE  ENTITLED TO  RUNNING  WAITING\n"
                               "ada   2 h 00 min   75 %         50 %   1 of 4        1\n"));
  server_.shares.push_back(ada);
  EXPECT_EQ(Run({"queue"}), 0);
  EXPECT_THAT(Out(), HasSubstr("ENTITLED"));
}

TEST_F(Queue_Test, WhenThereIsNoneThenATerminalIsToldSo) {
  server_.jobs.clear();
  terminal_.out_is_terminal = true;
  EXPECT_EQ(Run({"queue"}), 0);
  EXPECT_THAT(Err(), HasSubstr("Nothing waits and nothing runs."));
}

// What a name holds reaches a terminal as text alone.
TEST_F(Queue_Test, GivenControlCharactersThenTheyAreEscaped) {
  server_.jobs[0].set_what("model\x1b[2J");
  server_.explanation.set_text("because\x1b[2J");
  for (const std::vector<std::string>& command : {std::vector<std::string>{"queue"}, {"explain", "r0"}}) {
    EXPECT_EQ(Run(command), 0);
    EXPECT_EQ(Out().find('\x1b'), std::string::npos);
  }
}

class Explain_Test : public Queue_Test {
 protected:
  Explain_Test() {
    server_.explanation.set_text("Every slot is taken; ada's training has had 10 min of its 30.");
    v1::Holder* const holder = server_.explanation.add_holders();
    holder->set_slot("cpu0");
    holder->set_job("jobs/jaaaaaaa");
    holder->set_owner("ada");
    holder->set_what("add_d5_l1_h3");
    *holder->mutable_until() = EstimateIn(1200);
  }
};

TEST_F(Explain_Test, WhenAJobWaitsThenWhyWhoAndWhen) {
  EXPECT_EQ(Run({"explain", "jbbbbbbb"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ExplainJobRequest>().name(), "jobs/jbbbbbbb");
  EXPECT_EQ(Out(),
            "job       jbbbbbbb\n"
            "what      evaluate of r1\n"
            "owner     bob\n"
            "priority  low\n"
            "state     QUEUED (RESOURCES)\n"
            "place     1\n"
            "waited    3m\n"
            "why       Every slot is taken; ada's training has had 10 min of its 30.\n");
  EXPECT_EQ(Run({"explain", "jbbbbbbb", "-o", "wide"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\n\nwho has what it waits for\n"
                               "SLOT  JOB       OWNER  WHAT                                 UNTIL\n"
                               "cpu0  jaaaaaaa  ada    add_d5_l1_h3  in 20 min (16 min to 40 min)\n"));
  EXPECT_EQ(Run({"explain", "jbbbbbbb", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["holders"][0]["slot"], "cpu0");
}

TEST_F(Explain_Test, GivenARunOrAnAnalysisThenItsJob) {
  EXPECT_EQ(Run({"explain", "r0", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "jaaaaaaa\n");
  EXPECT_EQ(server_.LastRequest<v1::ExplainJobRequest>().name(), "runs/r0");
  for (const char* name : {"r1/a1", "runs/r1/analyses/a1", "r1/analyses/a1"}) {
    EXPECT_EQ(Run({"explain", name, "-o", "id"}), 0) << name;
    EXPECT_EQ(Out(), "jbbbbbbb\n");
  }
}

// A run's id may look like a job's.
TEST_F(Explain_Test, GivenARunWhoseIdLooksLikeAJobsThenItIsFound) {
  server_.jobs[0].set_run("runs/jeremias");
  EXPECT_EQ(Run({"explain", "jeremias", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "jaaaaaaa\n");
  EXPECT_EQ(server_.CountCalls("ExplainJob"), 2);
}

TEST_F(Explain_Test, WhenThereIsNoneThenTheExitCodeSaysSo) {
  EXPECT_EQ(Run({"explain", "jobs/jzzzzzzz"}), 3);
  EXPECT_THAT(Err(), HasSubstr("[JOB_NOT_FOUND]"));
  EXPECT_EQ(Run({"explain"}), 2);
  EXPECT_EQ(Run({"explain", "a/b/c/d"}), 2);
  EXPECT_THAT(Err(), HasSubstr("[RESOURCE_NAME_INVALID]"));
}

}  // namespace
}  // namespace sumscope::client

// The queue as each user may see it, and what its calls change.
#include <gmock/gmock.h>

#include <regex>
#include <string>
#include <vector>

#include "tests/server/rpc/queue/queue_fixture.h"

namespace sumscope::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class QueueService_Test : public QueueFixture {
 protected:
  // ada's run has the slot; bob's private run and another one of ada's wait.
  void SetUp() override {
    QueueFixture::SetUp();
    Make("ada", "ada-runs", v1::LAB);
    StartNext();
    Make("bob", "bob-hides", v1::PRIVATE);
    Make("ada", "ada-waits", v1::LAB);
  }

  // "runs/ada-waits 2 QUEUED", "another 1 QUEUED"
  std::vector<std::string> Shown(const std::string& user) {
    std::vector<std::string> shown;
    const v1::ListJobsResponse list = List(user);
    for (const v1::Job& job : list.jobs()) {
      shown.push_back(absl::StrCat(job.another_users() ? "another" : job.run(), " ", job.place(), " ",
                                   v1::State_Name(job.state())));
    }
    return shown;
  }
};

TEST_F(QueueService_Test, JobsAreListedThenThoseThatRunComeFirstAndOthersPrivateOnesHaveAPlaceAlone) {
  const v1::ListJobsResponse list = List("vic");
  EXPECT_EQ(list.running(), 1u);
  EXPECT_EQ(list.waiting(), 2u);
  ASSERT_EQ(list.jobs_size(), 3);
  const v1::Job& running = list.jobs(0);
  EXPECT_EQ(running.run(), "runs/ada-runs");
  EXPECT_EQ(running.slot(), kSlot);
  EXPECT_EQ(running.owner(), "ada");
  EXPECT_EQ(running.place(), 0u);
  EXPECT_NE(running.what(), "");
  for (const v1::Job& job : list.jobs()) {
    if (!job.another_users()) continue;
    v1::Job told;
    told.set_another_users(true);
    told.set_state(v1::QUEUED);
    told.set_place(job.place());
    *told.mutable_create_time() = job.create_time();
    if (job.has_expected_start()) *told.mutable_expected_start() = job.expected_start();
    if (job.has_expected_end()) *told.mutable_expected_end() = job.expected_end();
    EXPECT_EQ(job.SerializeAsString(), told.SerializeAsString()) << "more than place, state and times is told";
    EXPECT_GT(job.place(), 0u);
  }
  EXPECT_THAT(Shown("bob"), testing::Contains(HasSubstr("runs/bob-hides")));
  EXPECT_THAT(Shown("adm"), testing::Contains(HasSubstr("runs/bob-hides")));
  for (const std::string& line : Shown("ada")) EXPECT_THAT(line, Not(HasSubstr("bob-hides")));
}

// A training was shown as one that waits, for all of its life.
TEST_F(QueueService_Test, JobHasASlotThenItIsNotShownAsOneThatWaits) {
  const v1::Job running = List("vic").jobs(0);
  EXPECT_EQ(running.state(), GetJob("ada-runs").state);
  EXPECT_NE(running.state(), v1::QUEUED);
  EXPECT_EQ(running.reason(), "");
  EXPECT_FALSE(running.has_expected_start());
  const v1::Explanation explanation = Explain("vic", "runs/ada-runs");
  EXPECT_EQ(explanation.job().state(), running.state());
  EXPECT_THAT(explanation.text(), Not(HasSubstr("expected to start")));
}

TEST_F(QueueService_Test, CountsOfUsersAreToldToThemselvesAndToAdmins) {
  const auto waiting_of_bob = [&](const std::string& user) {
    const v1::ListJobsResponse list = List(user);
    for (const v1::UserShare& share : list.shares()) {
      if (share.user() == "users/bob") return static_cast<int>(share.waiting());
    }
    return -1;
  };
  EXPECT_EQ(waiting_of_bob("bob"), 1);
  EXPECT_EQ(waiting_of_bob("adm"), 1);
  EXPECT_EQ(waiting_of_bob("ada"), 0) << "all of bob's work is private";
}

TEST_F(QueueService_Test, PagesAreAskedForThenEachJobComesOnce) {
  v1::ListJobsRequest request;
  request.set_page_size(2);
  v1::ListJobsResponse page = List("adm", request);
  EXPECT_EQ(page.jobs_size(), 2);
  ASSERT_NE(page.next_page_token(), "");
  request.set_page_token(page.next_page_token());
  page = List("adm", request);
  EXPECT_EQ(page.jobs_size(), 1);
  EXPECT_EQ(page.next_page_token(), "");
  request.set_page_token("nonsense");
  grpc::ClientContext context;
  Identify("adm", &context);
  EXPECT_EQ(ReasonOf(queue_->ListJobs(&context, request, &page)), "PAGE_TOKEN_INVALID");
}

TEST_F(QueueService_Test, JobWaitsForASlotThenTheExplanationNamesWhoHasIt) {
  const v1::Explanation explanation = Explain("bob", "runs/bob-hides");
  EXPECT_EQ(explanation.job().run(), "runs/bob-hides");
  EXPECT_NE(explanation.job().reason(), "");
  ASSERT_EQ(explanation.holders_size(), 1);
  EXPECT_EQ(explanation.holders(0).slot(), kSlot);
  EXPECT_EQ(explanation.holders(0).owner(), "ada");
  EXPECT_EQ(explanation.holders(0).job(), JobName(GetJob("ada-runs").id));
  EXPECT_THAT(explanation.text(), HasSubstr("of ada"));
}

TEST_F(QueueService_Test, HolderIsAnothersPrivateRunThenNothingOfItIsNamed) {
  SetVisibility("ada-runs", v1::PRIVATE);
  const v1::Explanation explanation = Explain("bob", "runs/bob-hides");
  ASSERT_EQ(explanation.holders_size(), 1);
  EXPECT_EQ(explanation.holders(0).owner(), "another user");
  EXPECT_EQ(explanation.holders(0).job(), "");
  EXPECT_EQ(explanation.holders(0).what(), "");
  const std::string all = explanation.SerializeAsString();
  EXPECT_FALSE(std::regex_search(all, std::regex("\\bada\\b"))) << "as a word: an id of a job may hold these letters";
  EXPECT_THAT(all, Not(HasSubstr(GetJob("ada-runs").id)));
}

TEST_F(QueueService_Test, JobHasEndedThenTheExplanationTellsItsEnd) {
  const v1::Explanation explanation = Explain("vic", "runs/" + run_);
  EXPECT_EQ(explanation.job().state(), v1::SUCCEEDED);
  EXPECT_THAT(explanation.text(), HasSubstr("SUCCEEDED"));
}

TEST_F(QueueService_Test, JobIsHeldThenItHasNoPlaceUntilItIsReleased) {
  v1::Job job;
  EXPECT_EQ(Hold("ada", "runs/ada-waits", &job), "");
  EXPECT_EQ(job.held_by(), "users/ada");
  EXPECT_EQ(job.reason(), "HELD");
  EXPECT_EQ(job.place(), 0u);
  EXPECT_EQ(Hold("adm", job.name(), &job), "") << "it stays so";
  EXPECT_EQ(job.held_by(), "users/ada");
  EXPECT_THAT(Explain("vic", "runs/ada-waits").text(), HasSubstr("held by ada"));
  EXPECT_EQ(Release("ada", "runs/ada-waits", &job), "");
  EXPECT_EQ(job.held_by(), "");
  EXPECT_GT(job.place(), 0u);
  EXPECT_EQ(Release("ada", "runs/ada-waits", &job), "JOB_NOT_HELD");
  EXPECT_EQ(Hold("ada", "runs/ada-runs", &job), "JOB_STARTED");
  EXPECT_EQ(Hold("ada", "runs/" + run_, &job), "JOB_ENDED");
  EXPECT_EQ(Hold("bob", "runs/ada-waits", &job), "NOT_OWNER");
}

TEST_F(QueueService_Test, HoldIsWrittenIntoTheAuditOnce) {
  v1::Job job;
  ASSERT_EQ(Hold("ada", "runs/ada-waits", &job), "");
  ASSERT_EQ(Hold("bob", "runs/ada-waits", &job), "NOT_OWNER");
  std::vector<std::string> rows;
  for (const storage::AuditRow& row : AuditRows()) {
    if (row.method == "/sumscope.v1.QueueService/HoldJob") rows.push_back(row.user + " " + row.reason);
  }
  EXPECT_THAT(rows, testing::UnorderedElementsAre("ada ", "bob NOT_OWNER"));
}

TEST_F(QueueService_Test, PriorityIsSetThenHighIsForAdmins) {
  v1::Job job;
  EXPECT_EQ(SetPriority("ada", "runs/ada-waits", v1::LOW, &job), "");
  EXPECT_EQ(job.priority(), v1::LOW);
  EXPECT_EQ(SetPriority("ada", "runs/ada-waits", v1::PRIORITY_UNSPECIFIED, &job), "PRIORITY_MISSING");
  EXPECT_EQ(SetPriority("ada", "runs/ada-waits", 7, &job), "PRIORITY_INVALID");
  EXPECT_EQ(SetPriority("ada", "runs/ada-waits", v1::HIGH, &job), "HIGH_PRIORITY_LIMIT");
  EXPECT_EQ(SetPriority("adm", "runs/ada-waits", v1::HIGH, &job), "");
  EXPECT_EQ(job.priority(), v1::HIGH);
  EXPECT_EQ(job.place(), 1u);
}

TEST_F(QueueService_Test, RunIsMadeWithPriorityThenItsJobHasIt) {
  v1::CreateRunRequest request = RunOf("ada-low");
  request.set_priority(v1::LOW);
  ASSERT_TRUE(TryToMake("ada", request).ok());
  EXPECT_EQ(Explain("ada", "runs/ada-low").job().priority(), v1::LOW);
  request = RunOf("ada-high");
  request.set_priority(v1::HIGH);
  for (const bool validate_only : {true, false}) {
    request.set_validate_only(validate_only);
    EXPECT_EQ(ReasonOf(TryToMake("ada", request)), "HIGH_PRIORITY_LIMIT");
  }
  request.set_priority(static_cast<v1::Priority>(9));
  EXPECT_EQ(ReasonOf(TryToMake("ada", request)), "PRIORITY_INVALID");
}

TEST_F(QueueService_Test, RunWaitsForOthersThenItsJobNamesTheVisibleOnes) {
  v1::CreateRunRequest request = RunOf("bob-after");
  request.add_after("runs/ada-runs");
  request.add_after("runs/bob-hides");
  ASSERT_TRUE(TryToMake("bob", request).ok());
  EXPECT_THAT(Explain("bob", "runs/bob-after").job().after(), ElementsAre("runs/ada-runs", "runs/bob-hides"));
  const v1::Explanation for_ada = Explain("ada", "runs/bob-after");
  EXPECT_EQ(for_ada.job().reason(), "DEPENDENCY");
  EXPECT_THAT(for_ada.job().after(), ElementsAre("runs/ada-runs"));
  EXPECT_THAT(for_ada.SerializeAsString(), Not(HasSubstr("bob-hides")));
}

TEST_F(QueueService_Test, RunToWaitForIsNoneThenItIsRefusedAlsoByADryRun) {
  const auto refused = [&](const std::string& user, const std::string& after) {
    v1::CreateRunRequest request = RunOf("dependent");
    request.add_after(after);
    request.set_validate_only(true);
    const std::string dry = ReasonOf(TryToMake(user, request));
    request.set_validate_only(false);
    EXPECT_EQ(ReasonOf(TryToMake(user, request)), dry);
    return dry;
  };
  EXPECT_EQ(refused("ada", "runs/dependent"), "DEPENDENCY_ON_ITSELF");
  EXPECT_EQ(refused("ada", "runs/absent"), "RUN_NOT_FOUND");
  EXPECT_EQ(refused("ada", "runs/bob-hides"), "RUN_NOT_FOUND");
  EXPECT_EQ(refused("ada", "nonsense"), "RESOURCE_NAME_INVALID");
  ASSERT_TRUE(manager_->runs().Cancel(storage::Actor::Server(), "ada-waits").ok());
  EXPECT_EQ(refused("ada", "runs/ada-waits"), "DEPENDENCY_ENDED");
  ASSERT_TRUE(manager_->runs().Delete(storage::Actor::Server(), "ada-waits").ok());
  EXPECT_EQ(refused("ada", "runs/ada-waits"), "RUN_DELETED");
}

TEST_F(QueueService_Test, AnalysisOfAnUnfinishedRunIsAnOrderThatWaitsForIt) {
  v1::CreateAnalysisRequest request;
  request.set_parent("runs/ada-waits");
  *request.mutable_request() = jobs::UsefulNodes();
  request.mutable_question_set()->mutable_uniform()->set_count(10);
  grpc::ClientContext context;
  Identify("ada", &context);
  v1::CreateAnalysisResponse created;
  const grpc::Status status = analyses_->CreateAnalysis(&context, request, &created);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(created.analysis().state(), v1::QUEUED);
  EXPECT_EQ(created.analysis().request().kind_case(), v1::AnalysisRequest::kUsefulNodes);
  const v1::Explanation explanation = Explain("ada", created.analysis().name());
  EXPECT_EQ(explanation.job().reason(), "DEPENDENCY");
  EXPECT_EQ(explanation.job().what(), "useful_nodes");
  EXPECT_THAT(explanation.job().after(), ElementsAre("runs/ada-waits"));
  grpc::ClientContext again;
  Identify("ada", &again);
  v1::GetAnalysisRequest get;
  get.set_name(created.analysis().name());
  v1::Analysis analysis;
  ASSERT_TRUE(analyses_->GetAnalysis(&again, get, &analysis).ok());
  EXPECT_EQ(analysis.request().kind_case(), v1::AnalysisRequest::kUsefulNodes);
  ASSERT_TRUE(manager_->runs().Cancel(storage::Actor::Server(), "ada-waits").ok());
  EXPECT_TRUE(WaitForAnalysis("ada-waits", IdOf(analysis.name()), v1::FAILED));
  grpc::ClientContext last;
  Identify("ada", &last);
  ASSERT_TRUE(analyses_->GetAnalysis(&last, get, &analysis).ok());
  EXPECT_EQ(analysis.state_reason(), "DEPENDENCY_FAILED");
}

}  // namespace
}  // namespace sumscope::rpc

// Sweeps from the request to their runs, and who sees them.
#include <gmock/gmock.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "server/rpc/sweeps/sweep_messages.h"
#include "tests/server/rpc/serve/gate/many_users.h"

namespace sumscope::rpc {
namespace {

using testing::HasSubstr;
using testing::Not;

storage::SweepTally TallyOf(std::map<v1::State, uint32_t> runs, std::map<v1::State, uint32_t> analyses = {}) {
  storage::SweepTally tally;
  tally.runs = std::move(runs);
  tally.analyses = std::move(analyses);
  return tally;
}

TEST(SweepState_Test, SomethingHasNotEndedThenItRuns) {
  EXPECT_EQ(StateOf(TallyOf({{v1::SUCCEEDED, 3}, {v1::QUEUED, 1}}), v1::SWEEP_STATE_UNSPECIFIED), v1::SWEEP_RUNNING);
  EXPECT_EQ(StateOf(TallyOf({{v1::SUCCEEDED, 3}}, {{v1::RUNNING, 1}}), v1::SWEEP_STATE_UNSPECIFIED), v1::SWEEP_RUNNING);
  EXPECT_EQ(StateOf(TallyOf({{v1::CANCELLING, 1}}), v1::SWEEP_CANCELLED), v1::SWEEP_RUNNING);
}

TEST(SweepState_Test, AllHasEndedThenItIsWhatBecameOfIt) {
  EXPECT_EQ(StateOf(TallyOf({{v1::SUCCEEDED, 3}}, {{v1::SUCCEEDED, 6}}), v1::SWEEP_STATE_UNSPECIFIED),
            v1::SWEEP_SUCCEEDED);
  EXPECT_EQ(StateOf(TallyOf({{v1::SUCCEEDED, 3}, {v1::FAILED, 1}}), v1::SWEEP_STATE_UNSPECIFIED), v1::SWEEP_FAILED);
  EXPECT_EQ(StateOf(TallyOf({{v1::SUCCEEDED, 3}}, {{v1::FAILED, 1}}), v1::SWEEP_STATE_UNSPECIFIED), v1::SWEEP_FAILED);
  EXPECT_EQ(StateOf(TallyOf({{v1::SUCCEEDED, 3}, {v1::CANCELLED, 1}}), v1::SWEEP_CANCELLED), v1::SWEEP_CANCELLED);
  EXPECT_EQ(StateOf(TallyOf({{v1::SUCCEEDED, 3}, {v1::CANCELLED, 1}}), v1::SWEEP_STATE_UNSPECIFIED),
            v1::SWEEP_CANCELLED);
  EXPECT_EQ(StateOf(TallyOf({{v1::FAILED, 1}, {v1::CANCELLED, 1}}), v1::SWEEP_STATE_UNSPECIFIED), v1::SWEEP_FAILED);
}

class SweepService_Test : public ManyUsers_Test {
 protected:
  v1::CreateSweepRequest SeedsTo(int last) {
    v1::CreateSweepRequest request;
    *request.mutable_spec() = Spec();
    v1::SweepField* const seeds = request.add_fields();
    seeds->set_field("seed");
    for (int i = 1; i <= last; ++i) seeds->add_values(absl::StrCat(i));
    return request;
  }
  grpc::Status Create(const std::string& user, const v1::CreateSweepRequest& request, v1::Sweep* sweep) {
    grpc::ClientContext context;
    Identify(user, &context);
    return sweeps_->CreateSweep(&context, request, sweep);
  }
  v1::Sweep Made(const std::string& user, const v1::CreateSweepRequest& request) {
    v1::Sweep sweep;
    const grpc::Status status = Create(user, request, &sweep);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return sweep;
  }
  grpc::Status Get(const std::string& user, const std::string& name, v1::Sweep* sweep) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::GetSweepRequest request;
    request.set_name(name);
    return sweeps_->GetSweep(&context, request, sweep);
  }
  std::string ReasonOfCreate(const v1::CreateSweepRequest& request) {
    v1::Sweep sweep;
    return ReasonOf(Create("ada", request, &sweep));
  }
  // Everything that was answered, with `shown` in place of `asked`.
  static std::string Told(const grpc::Status& status, const std::string& asked, const std::string& shown) {
    const std::string all = absl::StrCat(status.error_code(), status.error_message(), status.error_details());
    return absl::StrReplaceAll(all, {{asked, shown}});
  }
  size_t CountRuns() {
    grpc::ClientContext context;
    Identify("adm", &context);
    v1::ListRunsRequest request;
    request.set_page_size(1000);
    v1::ListRunsResponse list;
    EXPECT_TRUE(runs_->ListRuns(&context, request, &list).ok());
    return static_cast<size_t>(list.runs_size());
  }
};

TEST_F(SweepService_Test, SweepIsMadeThenItsRunsAreThereAndCounted) {
  v1::CreateSweepRequest request = SeedsTo(3);
  v1::SweepField* const steps = request.add_fields();
  steps->set_field("steps");
  steps->add_values("4");
  steps->add_values("8");
  (*request.mutable_labels())["purpose"] = "test";
  request.set_priority(v1::LOW);
  const v1::Sweep sweep = Made("ada", request);
  EXPECT_THAT(sweep.name(), HasSubstr("sweeps/"));
  EXPECT_EQ(sweep.owner(), "ada");
  EXPECT_EQ(sweep.state(), v1::SWEEP_RUNNING);
  EXPECT_EQ(sweep.runs(), 6u);
  EXPECT_EQ(sweep.priority(), v1::LOW);
  EXPECT_EQ(sweep.visibility(), v1::LAB);
  uint32_t counted = 0;
  for (const v1::StateCount& count : sweep.run_counts()) counted += count.count();
  EXPECT_EQ(counted, 6u);
  for (const std::string& name : {sweep.name(), sweep.name().substr(0, 12), std::string("sweeps/@last")}) {
    v1::Sweep found;
    ASSERT_TRUE(Get("ada", name, &found).ok()) << name;
    EXPECT_EQ(found.name(), sweep.name());
  }
}

TEST_F(SweepService_Test, DryRunIsAskedThenNothingIsMadeAndAllOfItPredicted) {
  v1::CreateSweepRequest request = SeedsTo(5);
  v1::AnalysisOrder* const order = request.add_then();
  *order->mutable_request() = jobs::UsefulNodes();
  order->mutable_question_set()->mutable_uniform()->set_count(10);
  request.set_validate_only(true);
  const size_t before = CountRuns();
  const v1::Sweep five = Made("ada", request);
  EXPECT_EQ(five.name(), "");
  EXPECT_EQ(five.runs(), 5u);
  EXPECT_EQ(CountRuns(), before);
  request.clear_fields();
  *request.mutable_fields() = SeedsTo(1).fields();
  const v1::Sweep one = Made("ada", request);
  EXPECT_NEAR(five.prediction().seconds(), 5 * one.prediction().seconds(), 1e-9 + 1e-6 * five.prediction().seconds());
  EXPECT_EQ(five.prediction().disk_bytes(), 5 * one.prediction().disk_bytes());
  EXPECT_EQ(five.prediction().memory_bytes(), one.prediction().memory_bytes());
}

TEST_F(SweepService_Test, OneMemberIsBadThenNothingIsMadeAndItIsNamed) {
  v1::CreateSweepRequest request = SeedsTo(3);
  v1::SweepField* const heads = request.add_fields();
  heads->set_field("n_heads");
  heads->add_values("2");
  heads->add_values("99");
  const size_t before = CountRuns();
  v1::Sweep sweep;
  const grpc::Status status = Create("ada", request, &sweep);
  EXPECT_EQ(ReasonOf(status), "HEADS_OUT_OF_RANGE");
  EXPECT_THAT(status.error_message(), HasSubstr("n_heads=99"));
  EXPECT_EQ(CountRuns(), before);
}

TEST_F(SweepService_Test, RequestIsNoneThenItsReasonIsTold) {
  EXPECT_EQ(ReasonOfCreate({}), "MODEL_MISSING");
  EXPECT_EQ(ReasonOfCreate(SeedsTo(0)), "SWEEP_EMPTY");
  EXPECT_EQ(ReasonOfCreate(SeedsTo(10'001)), "SWEEP_TOO_LARGE");
  v1::CreateSweepRequest twice = SeedsTo(2);
  *twice.add_fields() = twice.fields(0);
  EXPECT_EQ(ReasonOfCreate(twice), "FIELD_TWICE");
  v1::CreateSweepRequest high = SeedsTo(2);
  high.set_priority(v1::HIGH);
  EXPECT_EQ(ReasonOfCreate(high), "HIGH_PRIORITY_LIMIT");
  v1::CreateSweepRequest invisible = SeedsTo(2);
  invisible.set_visibility(static_cast<v1::Visibility>(9));
  EXPECT_EQ(ReasonOfCreate(invisible), "VISIBILITY_INVALID");
  v1::CreateSweepRequest orders = SeedsTo(2);
  orders.add_then();
  EXPECT_EQ(ReasonOfCreate(orders), "ANALYSIS_MISSING");
  orders.clear_then();
  orders.add_then()->mutable_request()->mutable_import_tags();
  EXPECT_EQ(ReasonOfCreate(orders), "ORDER_INVALID");
  orders.clear_then();
  *orders.add_then()->mutable_request() = jobs::UsefulNodes();
  *orders.add_then() = orders.then(0);
  EXPECT_EQ(ReasonOfCreate(orders), "ORDER_INVALID");
}

TEST_F(SweepService_Test, RequestComesAgainThenItIsTheSameSweep) {
  v1::CreateSweepRequest request = SeedsTo(2);
  request.set_request_id("11111111-2222-3333-4444-555555555555");
  const v1::Sweep first = Made("ada", request);
  EXPECT_EQ(Made("ada", request).name(), first.name());
  request.set_max_parallel(1);
  EXPECT_EQ(ReasonOfCreate(request), "REQUEST_ID_REUSED");
}

TEST_F(SweepService_Test, SweepIsCancelledThenItsRunsEndAndItCanBeForgotten) {
  const v1::Sweep sweep = Made("ada", SeedsTo(3));
  grpc::ClientContext early;
  Identify("ada", &early);
  v1::DeleteSweepRequest forget;
  forget.set_name(sweep.name());
  v1::DeleteSweepResponse forgotten;
  EXPECT_EQ(ReasonOf(sweeps_->DeleteSweep(&early, forget, &forgotten)), "SWEEP_UNFINISHED");
  v1::CancelSweepRequest request;
  request.set_name(sweep.name());
  v1::Sweep cancelled;
  {
    grpc::ClientContext context;
    Identify("bob", &context);
    EXPECT_EQ(ReasonOf(sweeps_->CancelSweep(&context, request, &cancelled)), "NOT_OWNER");
  }
  {
    grpc::ClientContext context;
    Identify("ada", &context);
    const grpc::Status status = sweeps_->CancelSweep(&context, request, &cancelled);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_NE(cancelled.state(), v1::SWEEP_SUCCEEDED);
}

// Nothing of a private sweep is in the answers to others: neither by name nor by prefix, not in lists, nor in runs of
// it that have become the lab's.
TEST_F(SweepService_Test, SweepIsPrivateThenOthersAreToldWhatTheyAreToldOfAnAbsentOne) {
  v1::CreateSweepRequest request = SeedsTo(2);
  request.set_visibility(v1::PRIVATE);
  const v1::Sweep sweep = Made("ada", request);
  const std::string id = IdOf(sweep.name()), prefix = id.substr(0, 5);
  for (const char* const user : {"bob", "vic"}) {
    v1::Sweep found;
    const std::string absent = "s0000000";
    EXPECT_EQ(Told(Get(user, sweep.name(), &found), id, absent), Told(Get(user, "sweeps/" + absent, &found), "", ""));
    EXPECT_EQ(Told(Get(user, "sweeps/" + prefix, &found), prefix, "s0000"),
              Told(Get(user, "sweeps/s0000", &found), "", ""));
    EXPECT_EQ(ReasonOf(Get(user, "sweeps/@last", &found)), "SWEEP_NOT_FOUND");
    grpc::ClientContext context;
    Identify(user, &context);
    v1::ListSweepsResponse list;
    ASSERT_TRUE(sweeps_->ListSweeps(&context, {}, &list).ok());
    EXPECT_EQ(list.sweeps_size(), 0);
  }
  std::vector<std::string> members;
  Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(members, transaction.sweeps().Members(id));
    return absl::OkStatus();
  });
  ASSERT_EQ(members.size(), 2u);
  SetVisibility(members[0], v1::LAB);
  const auto run_for = [&](const std::string& user) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::GetRunRequest get;
    get.set_name("runs/" + members[0]);
    v1::Run run;
    const grpc::Status status = runs_->GetRun(&context, get, &run);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return run;
  };
  EXPECT_EQ(run_for("ada").sweep(), sweep.name());
  EXPECT_EQ(run_for("bob").sweep(), "");
  grpc::ClientContext context;
  Identify("bob", &context);
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(queue_->ListJobs(&context, {}, &jobs).ok());
  EXPECT_THAT(jobs.SerializeAsString(), Not(HasSubstr(id)));
}

TEST_F(SweepService_Test, SweepIsWatchedThenTheStreamEndsWithIt) {
  JobsFixture::Create("busy");
  StartNext();  // the sweep waits, so that its runs end at once
  const v1::Sweep sweep = Made("ada", SeedsTo(2));
  v1::WatchSweepRequest request;
  request.set_name(sweep.name());
  grpc::ClientContext context;
  Identify("vic", &context);
  const auto watch = sweeps_->WatchSweep(&context, request);
  v1::Sweep shown;
  ASSERT_TRUE(watch->Read(&shown));
  EXPECT_EQ(shown.state(), v1::SWEEP_RUNNING);
  std::vector<std::string> members;
  Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(members, transaction.sweeps().Members(IdOf(sweep.name())));
    return absl::OkStatus();
  });
  for (const std::string& run : members) ASSERT_TRUE(manager_->runs().Cancel(storage::Actor::Server(), run).ok());
  while (watch->Read(&shown)) {
  }
  EXPECT_TRUE(watch->Finish().ok());
  EXPECT_EQ(shown.state(), v1::SWEEP_CANCELLED);
}

}  // namespace
}  // namespace sumscope::rpc

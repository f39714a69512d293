// What the service of runs answers beyond what jobs and storage say.
#include "tests/server/rpc/probes_fixture.h"

namespace sumscope::rpc {
namespace {

class RunService_Test : public ProbesService_Test {
 protected:
  // A training of four steps that is under way, named `id`.
  void Train(const std::string& id) {
    JobsFixture::Create(id);
    task_ = StartNext().task.task_id();
  }
  void Send(const jobs::Message& message) {
    ASSERT_TRUE(pool_->WaitForAcknowledged(task_, pool_->Send(kSlot, message)));
  }
  template <typename Request>
  static Request Named(const std::string& id) {
    Request request;
    request.set_name("runs/" + id);
    return request;
  }
  v1::Run GetRun(const std::string& id) {
    grpc::ClientContext context;
    v1::Run run;
    const grpc::Status status = runs_->GetRun(&context, Named<v1::GetRunRequest>(id), &run);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return run;
  }
};

// `runs cancel` said step 0 of a run that had trained for minutes, and so did `runs show` until it had ended.
TEST_F(RunService_Test, RunIsCancelledThenTheAnswerShowsTheLastStep) {
  Train("live");
  Send(jobs::Metrics(0, 3));
  EXPECT_EQ(GetRun("live").steps_done(), 3u);
  grpc::ClientContext context;
  v1::Run run;
  ASSERT_TRUE(runs_->CancelRun(&context, Named<v1::CancelRunRequest>("live"), &run).ok());
  EXPECT_EQ(run.state(), v1::CANCELLING);
  EXPECT_EQ(run.steps_done(), 3u);
  EXPECT_EQ(run.loss(), 2.0);
  EXPECT_EQ(GetRun("live").steps_done(), 3u);
}

TEST_F(RunService_Test, RunningRunIsLabelledThenTheAnswerShowsTheLastStep) {
  Train("live");
  Send(jobs::Metrics(0, 3));
  v1::UpdateRunRequest request;
  request.mutable_run()->set_name("runs/live");
  (*request.mutable_run()->mutable_labels())["purpose"] = "test";
  grpc::ClientContext context;
  v1::Run run;
  ASSERT_TRUE(runs_->UpdateRun(&context, request, &run).ok());
  EXPECT_EQ(run.steps_done(), 3u);
}

}  // namespace
}  // namespace sumscope::rpc

// What becomes of open streams and uploads when their caller may no longer make them.
#include <string>

#include "tests/server/rpc/serve/gate/many_users.h"

namespace sumscope::rpc {
namespace {

// Says how far the one call of a test is: once it is admitted it is looked at, and once it has ended its row is
// written.
class Progress final : public CallHook {
 public:
  void OnAdmitted(const RoadCall&) override { Set(&admitted_); }
  void OnEnded(const RoadCall&, const absl::Status&) override { Set(&ended_); }
  void WaitUntilAdmitted() { WaitFor(&admitted_); }
  void WaitUntilEnded() { WaitFor(&ended_); }

 private:
  void Set(bool* flag) {
    MutexLock lock(&mutex_);
    *flag = true;
    changed_.NotifyAll();
  }
  void WaitFor(const bool* flag) {
    MutexLock lock(&mutex_);
    while (!*flag) changed_.WaitFor(&mutex_, std::chrono::milliseconds(1000));
  }

  Mutex mutex_;
  CondVar changed_;
  bool admitted_ = false, ended_ = false;  // guarded by the mutex
};

class LastingStreams_Test : public ManyUsers_Test {
 protected:
  using Watch = std::unique_ptr<grpc::ClientReader<v1::WatchRunResponse>>;

  LastingStreams_Test() { hooks_ = {&progress_}; }

  // A watch of a run of ada's that has begun, and shown its first event.
  Watch Open(const std::string& user, const std::string& run) {
    v1::WatchRunRequest request;
    request.set_name("runs/" + run);
    Identify(user, &context_);
    Watch watch = runs_->WatchRun(&context_, request);
    v1::WatchRunResponse event;
    EXPECT_TRUE(watch->Read(&event));
    return watch;
  }
  static grpc::Status End(const Watch& watch) {
    v1::WatchRunResponse event;
    while (watch->Read(&event)) {
    }
    return watch->Finish();
  }

  Progress progress_;
  grpc::ClientContext context_;
};

TEST_F(LastingStreams_Test, UserIsDisabledThenTheirStreamEndsAndTheJobGoesOn) {
  const std::string id = Id(JobsFixture::Create("").name());
  const Watch watch = Open("ada", id);
  road_->EndRefused();
  Change("ada", [](v1::User* user) {
    user->set_disabled(true);
    *user->mutable_disable_time() = ToTimestamp(absl::Now());
  });
  road_->EndRefused();
  const grpc::Status ended = End(watch);
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ended.error_message().find("USER_DISABLED"), 0u) << ended.error_message();
  EXPECT_TRUE(WaitForState(id, v1::STARTING));
  v1::CancelRunRequest cancel;
  cancel.set_name("runs/" + id);
  grpc::ClientContext context;
  Identify("adm", &context);
  v1::Run run;
  EXPECT_TRUE(runs_->CancelRun(&context, cancel, &run).ok());
}

TEST_F(LastingStreams_Test, RoleIsLoweredThenWhatTheHigherOneOpenedEnds) {
  const std::string id = Id(JobsFixture::Create("").name());
  SetVisibility(id, v1::PRIVATE);
  const Watch watch = Open("adm", id);
  Change("adm", [](v1::User* user) { user->set_role(v1::MEMBER); });
  road_->EndRefused();
  const grpc::Status ended = End(watch);
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(ended.error_message().find("ROLE_LOWERED"), 0u) << ended.error_message();
}

TEST_F(LastingStreams_Test, UserIsDisabledDuringAnUploadThenItEndsAndMakesNothing) {
  grpc::ClientContext context;
  Identify("ada", &context);
  v1::UploadedQuestionSet set;
  const auto writer = questions_->UploadQuestionSet(&context, &set);
  v1::UploadQuestionSetRequest message;
  message.mutable_header()->set_n_digits(2);
  ASSERT_TRUE(writer->Write(message));
  progress_.WaitUntilAdmitted();
  Change("ada", [](v1::User* user) { user->set_disabled(true); });
  road_->EndRefused();
  const grpc::Status ended = writer->Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ended.error_message().find("USER_DISABLED"), 0u) << ended.error_message();
  progress_.WaitUntilEnded();
  ASSERT_EQ(AuditRows().size(), 1u);
  EXPECT_EQ(AuditRows()[0].reason, "USER_DISABLED");
  EXPECT_EQ(AuditRows()[0].resource, "");
}

}  // namespace
}  // namespace sumscope::rpc

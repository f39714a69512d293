// What calls leave in the audit: each that changes something one row, however it ended.
#include <future>
#include <string>
#include <vector>

#include "server/auth/rights.h"
#include "tests/server/rpc/serve/gate/many_users.h"

namespace sumscope::rpc {
namespace {

using google::protobuf::MethodDescriptor;

constexpr char kRequestId[] = "01234567-89ab-4def-8123-456789abcdef";

class Audit_Test : public ManyUsers_Test {
 protected:
  // The rows that a call without fields leaves.
  std::vector<storage::AuditRow> RowsOf(const MethodDescriptor& method, const std::map<std::string, std::string>& as,
                                        grpc::Status* status) {
    const size_t before = AuditRows().size();
    *status = CallAny(server_.get(), PathOf(method), "", as).status;
    std::vector<storage::AuditRow> rows = AuditRows();
    rows.resize(rows.size() - before);  // the newest come first
    return rows;
  }
  grpc::Status CreateRun(const std::string& user, const std::string& id, v1::Run* run) {
    v1::CreateRunRequest request;
    request.set_run_id(id);
    request.set_request_id(kRequestId);
    *request.mutable_spec() = Spec();
    grpc::ClientContext context;
    Identify(user, &context);
    return runs_->CreateRun(&context, request, run);
  }
  grpc::Status Label(const std::string& user, const std::string& run) {
    v1::UpdateRunRequest request;
    request.mutable_run()->set_name("runs/" + run);
    (*request.mutable_run()->mutable_labels())["purpose"] = "test";
    grpc::ClientContext context;
    Identify(user, &context);
    v1::Run changed;
    return runs_->UpdateRun(&context, request, &changed);
  }
};

TEST_F(Audit_Test, EveryMethodThatChangesLeavesOneRowAndNoOtherLeavesAny) {
  hub_->Close();  // watches without an end do not wait
  for (const auto* const method : PublicMethods()) {
    const bool mutates = auth::FindRight(PathOf(*method))->mutates;
    for (const char* const user : {"vic", "ada", "adm"}) {
      grpc::Status status;
      const auto rows = RowsOf(*method, As(user, "token"), &status);
      ASSERT_EQ(rows.size(), mutates ? 1u : 0u) << PathOf(*method) << " by " << user;
      if (!mutates) continue;
      EXPECT_EQ(rows[0].method, PathOf(*method));
      EXPECT_EQ(rows[0].user, user);
      EXPECT_EQ(rows[0].credential, "token laptop");
      EXPECT_EQ(rows[0].address, "192.0.2.7");
      EXPECT_EQ(static_cast<int>(rows[0].code), static_cast<int>(status.error_code())) << PathOf(*method);
      EXPECT_EQ(rows[0].reason, ReasonOf(status)) << PathOf(*method);
    }
  }
}

TEST_F(Audit_Test, CallerIsUnknownThenTheRowSaysFromWhere) {
  for (const auto* const method : PublicMethods()) {
    if (!auth::FindRight(PathOf(*method))->mutates) continue;
    grpc::Status status;
    const auto rows = RowsOf(*method, {{kHeader, "certificate mallory.lab"}}, &status);
    ASSERT_EQ(rows.size(), 1u) << PathOf(*method);
    EXPECT_EQ(rows[0].user, "");
    EXPECT_EQ(rows[0].address, "192.0.2.7");
    EXPECT_EQ(rows[0].code, absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(Audit_Test, ChangeIsMadeThenItsRowIsPartOfItAndNamesWhatWasMade) {
  // The road's own writes fail: a row that is there came with the change.
  road_catalog_.gate.Set([] { return MakeError(absl::StatusCode::kUnavailable, "CATALOG_BUSY", "later"); });
  v1::Run run;
  ASSERT_TRUE(CreateRun("ada", "", &run).ok());
  ASSERT_EQ(AuditRows().size(), 1u);
  const storage::AuditRow row = AuditRows()[0];
  EXPECT_EQ(row.method, "/sumscope.v1.RunService/CreateRun");
  EXPECT_EQ(row.resource, run.name());
  EXPECT_EQ(row.request_id, kRequestId);
  EXPECT_EQ(row.user, "ada");
  EXPECT_EQ(row.credential, "local uid 2002");
  EXPECT_EQ(row.code, absl::StatusCode::kOk);
  EXPECT_EQ(row.reason, "");

  ASSERT_TRUE(Label("ada", run_.substr(0, 5)).ok());
  EXPECT_EQ(AuditRows()[0].resource, "runs/" + run_) << "a prefix is resolved";
  v1::CancelRunRequest cancel;
  cancel.set_name(run.name());
  grpc::ClientContext context;
  Identify("ada", &context);
  ASSERT_TRUE(runs_->CancelRun(&context, cancel, &run).ok());
  EXPECT_EQ(AuditRows()[0].method, "/sumscope.v1.RunService/CancelRun");
  EXPECT_EQ(AuditRows()[0].resource, run.name());
  EXPECT_EQ(AuditRows().size(), 3u);
}

TEST_F(Audit_Test, SameRequestComesAgainThenItHasARowOfItsOwn) {
  v1::Run first, again;
  ASSERT_TRUE(CreateRun("ada", "", &first).ok());
  ASSERT_TRUE(CreateRun("ada", "", &again).ok());
  EXPECT_EQ(first.name(), again.name());
  ASSERT_EQ(AuditRows().size(), 2u);
  EXPECT_EQ(AuditRows()[0].resource, first.name());
  EXPECT_EQ(ReasonOf(CreateRun("bob", "", &again)), "REQUEST_ID_REUSED");
}

TEST_F(Audit_Test, UploadIsMadeThenItsRowNamesTheQuestionSet) {
  grpc::ClientContext context;
  Identify("ada", &context);
  v1::UploadedQuestionSet set;
  const auto writer = questions_->UploadQuestionSet(&context, &set);
  v1::UploadQuestionSetRequest message;
  message.mutable_header()->set_n_digits(2);
  writer->Write(message);
  message.set_data("12+34\n");
  writer->Write(message);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(AuditRows().size(), 1u);
  EXPECT_EQ(AuditRows()[0].resource, set.name());
  EXPECT_EQ(AuditRows()[0].user, "ada");
}

// It left none: the road began behind the desk.
TEST_F(Audit_Test, NoDeskIsFreeForAnUploadThenItsRowComesWithTheNextTurn) {
  std::promise<void> over;
  const std::shared_future<void> wait = over.get_future().share();
  while (uploads_.Start([wait] { wait.wait(); }).ok()) {
  }
  grpc::ClientContext context;
  Identify("ada", &context);
  v1::UploadedQuestionSet set;
  EXPECT_EQ(ReasonOf(questions_->UploadQuestionSet(&context, &set)->Finish()), "TOO_MANY_UPLOADS");
  over.set_value();
  road_->EndRefused();
  ASSERT_EQ(AuditRows().size(), 1u);
  EXPECT_EQ(AuditRows()[0].method, "/sumscope.v1.QuestionSetService/UploadQuestionSet");
  EXPECT_EQ(AuditRows()[0].reason, "TOO_MANY_UPLOADS");
  EXPECT_EQ(AuditRows()[0].credential, "local uid 2002");
  EXPECT_EQ(AuditRows()[0].user, "");
}

TEST_F(Audit_Test, ChangeFailsThenTheRowSaysWhy) {
  catalog_.gate.Fail(1, MakeError(absl::StatusCode::kResourceExhausted, "CATALOG_FULL", "no room"));
  v1::Run run;
  EXPECT_EQ(ReasonOf(CreateRun("ada", "mine", &run)), "CATALOG_FULL");
  ASSERT_EQ(AuditRows().size(), 1u);
  EXPECT_EQ(AuditRows()[0].resource, "runs/mine");
  EXPECT_EQ(AuditRows()[0].code, absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(AuditRows()[0].reason, "CATALOG_FULL");
}

TEST_F(Audit_Test, RowOfARefusalCannotBeWrittenThenTheAnswerIsTheSame) {
  road_catalog_.gate.Set([] { return MakeError(absl::StatusCode::kUnavailable, "CATALOG_BUSY", "later"); });
  EXPECT_EQ(ReasonOf(Label("bob", run_)), "NOT_OWNER");
  EXPECT_TRUE(AuditRows().empty());
}

class BusyUsers_Test : public Audit_Test {
 protected:
  BusyUsers_Test() { user_limits_ = {/*calls_per_second=*/1e-6, /*burst=*/3, /*streams=*/1, /*uploads=*/1}; }
};

// A program that calls too often would have filled the disk with its refusals.
TEST_F(BusyUsers_Test, UserCallsTooOftenThenTheRefusalsOfASecondHaveOneRow) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ReasonOf(Label("bob", run_)), "NOT_OWNER");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ReasonOf(Label("bob", run_)), "TOO_MANY_CALLS");
  EXPECT_EQ(ReasonOf(Label("ada", "absent")), "RUN_NOT_FOUND") << "ada is another";
  const auto rows = AuditRows();
  EXPECT_GE(rows.size(), 5u);
  EXPECT_LE(rows.size(), 10u) << "should that have taken seconds";
}

TEST_F(BusyUsers_Test, UserHasTooManyStreamsThenTheNextIsRefusedUntilOneEnds) {
  JobsFixture::Create("live");
  v1::WatchRunRequest request;
  request.set_name("runs/live");
  grpc::ClientContext first, second;
  Identify("ada", &first);
  Identify("ada", &second);
  v1::WatchRunResponse event;
  const auto watch = runs_->WatchRun(&first, request);
  ASSERT_TRUE(watch->Read(&event));
  EXPECT_EQ(ReasonOf(runs_->WatchRun(&second, request)->Finish()), "TOO_MANY_STREAMS");
  first.TryCancel();
  watch->Finish();
}

}  // namespace
}  // namespace sumscope::rpc

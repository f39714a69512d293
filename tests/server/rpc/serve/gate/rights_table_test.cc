// Every method, for every role, of one's own and of another's, in every way in: each answer as the table of rights
// says.
#include <string>

#include "server/auth/rights.h"
#include "tests/server/rpc/serve/gate/many_users.h"

namespace sumscope::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

class RightsTable_Test : public ManyUsers_Test {
 protected:
  void SetUp() override {
    ManyUsers_Test::SetUp();
    for (const char* const owner : {"vic", "ada", "bob", "adm"}) AddThingsOf(owner);
    hub_->Close();  // watches without an end do not wait
  }

  // A run with its job, an analysis, a capture and a sweep, without files: what they hold is not asked here.
  void AddThingsOf(const std::string& owner) {
    const std::string id = owner + "run";
    v1::Run run;
    run.set_name("runs/" + id);
    run.set_owner(owner);
    run.set_visibility(v1::LAB);
    run.set_state(v1::SUCCEEDED);
    *run.mutable_spec() = Spec();
    *run.mutable_create_time() = ToTimestamp(absl::Now());
    storage::Job job;
    job.id = owner + "job";
    job.run = id;
    job.owner = owner;
    job.state = v1::SUCCEEDED;
    job.create_time = absl::Now();
    run.set_job(JobName(job.id));
    v1::Sweep sweep;
    sweep.set_name(SweepName(owner + "sweep"));
    sweep.set_owner(owner);
    sweep.set_visibility(v1::LAB);
    *sweep.mutable_spec() = Spec();
    *sweep.mutable_create_time() = run.create_time();
    Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
      SUMSCOPE_RETURN_IF_ERROR(transaction.runs().Insert(run));
      SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().Insert(&job));
      SUMSCOPE_RETURN_IF_ERROR(transaction.sweeps().Insert(sweep));
      for (const char* const kind : {"evaluate", "capture"}) {
        v1::Analysis analysis;
        analysis.set_name(AnalysisName(id, owner + kind));
        analysis.set_checkpoint(CheckpointName(id, 4));
        analysis.set_analysis(kind);
        analysis.set_owner(owner);
        analysis.set_state(v1::SUCCEEDED);
        *analysis.mutable_create_time() = run.create_time();
        SUMSCOPE_RETURN_IF_ERROR(transaction.analyses().Put(analysis));
      }
      return absl::OkStatus();
    });
  }

  // What of the owner's a method is asked about.
  static std::string NameFor(const MethodDescriptor& method, const std::string& owner) {
    const std::string service = method.service()->name(), run = "runs/" + owner + "run";
    const bool is_list = method.input_type()->FindFieldByName("parent") != nullptr;
    if (service == "UserService") {
      return "users/" + owner + (method.name() == "RevokeToken" ? "/tokens/t0000000" : "");
    }
    if (service == "SweepService") return SweepName(owner + "sweep");
    if (service == "QueueService") return method.name() == "HoldJob" ? run : JobName(owner + "job");
    if (service == "AnalysisService" && !is_list) return run + "/analyses/" + owner + "evaluate";
    if (service == "CaptureService" && !is_list) return run + "/captures/" + owner + "capture";
    return run;
  }
  std::unique_ptr<Message> RequestAbout(const MethodDescriptor& method, const std::string& owner) {
    const auto* factory = google::protobuf::MessageFactory::generated_factory();
    std::unique_ptr<Message> request(
        const_cast<google::protobuf::MessageFactory*>(factory)->GetPrototype(method.input_type())->New());
    const std::string name = NameFor(method, owner);
    for (const char* const field_name : {"name", "parent", "run", "user"}) {
      const FieldDescriptor* const field = method.input_type()->FindFieldByName(field_name);
      if (field == nullptr || field->is_repeated()) continue;
      if (field->type() == FieldDescriptor::TYPE_STRING) {
        request->GetReflection()->SetString(request.get(), field, name);
      } else if (field->type() == FieldDescriptor::TYPE_MESSAGE) {
        Message* const inner = request->GetReflection()->MutableMessage(request.get(), field);
        inner->GetReflection()->SetString(inner, inner->GetDescriptor()->FindFieldByName("name"), name);
      }
    }
    return request;
  }

  // "" for what the table lets pass.
  static std::string Expected(const auth::Right& right, auth::Role role, bool is_owner) {
    if (role < right.least) return "METHOD_DENIED";
    const bool own = right.whose == auth::Whose::kOwn;
    return own && !is_owner && role != auth::Role::kAdmin ? "NOT_OWNER" : "";
  }
  void ExpectCell(const MethodDescriptor& method, const std::string& user, auth::Role role, const std::string& owner) {
    const auth::Right* const right = auth::FindRight(PathOf(method));
    ASSERT_NE(right, nullptr) << PathOf(method);
    for (const std::string& way : Ways()) {
      const Reply answer = Call(method, *RequestAbout(method, owner), As(user, way));
      const std::string expected = Expected(*right, role, user == owner);
      const bool denied = answer.status.error_code() == grpc::StatusCode::PERMISSION_DENIED ||
                          answer.status.error_code() == grpc::StatusCode::UNAUTHENTICATED;
      const std::string reason = denied ? ReasonOf(answer.status) : "";
      EXPECT_EQ(reason, expected) << PathOf(method) << " by " << user << " over " << way << " about " << owner << "'s";
    }
  }
};

TEST_F(RightsTable_Test, EveryCellIsAnsweredAsTheTableSays) {
  for (const auto* const method : PublicMethods()) {
    // Those who are refused first: the others may remove what they are asked about.
    for (const char* const owner : {"bob", "ada"}) ExpectCell(*method, "vic", auth::Role::kViewer, owner);
    ExpectCell(*method, "ada", auth::Role::kMember, "bob");
    ExpectCell(*method, "vic", auth::Role::kViewer, "vic");
    ExpectCell(*method, "ada", auth::Role::kMember, "ada");
    ExpectCell(*method, "adm", auth::Role::kAdmin, "adm");
    ExpectCell(*method, "adm", auth::Role::kAdmin, "bob");
  }
}

TEST_F(RightsTable_Test, PrefixOrLastIsAnothersThenItIsRefusedAsTheNameIs) {
  v1::CancelRunRequest request;
  const auto* const cancel = v1::CancelRunRequest::descriptor()->file()->service(0)->FindMethodByName("CancelRun");
  for (const char* const name : {"runs/adaru", "runs/adarun"}) {
    request.set_name(name);
    EXPECT_EQ(ReasonOf(Call(*cancel, request, As("bob")).status), "NOT_OWNER") << name;
    EXPECT_EQ(ReasonOf(Call(*cancel, request, As("ada")).status), "RUN_ENDED") << name;
  }
  request.set_name("runs/@last");
  EXPECT_EQ(ReasonOf(Call(*cancel, request, As("bob")).status), "RUN_ENDED") << "bob's own";
  request.set_name("runs/absent");
  EXPECT_EQ(ReasonOf(Call(*cancel, request, As("bob")).status), "RUN_NOT_FOUND");
}

// The last sweep is the caller's own; a job is its owner's, however it is named.
TEST_F(RightsTable_Test, SweepOrJobIsAnothersThenEveryNameOfItIsRefused) {
  const auto* const cancel = v1::CancelSweepRequest::descriptor()->file()->service(0)->FindMethodByName("CancelSweep");
  v1::CancelSweepRequest request;
  for (const char* const name : {"sweeps/adasw", "sweeps/adasweep"}) {
    request.set_name(name);
    EXPECT_EQ(ReasonOf(Call(*cancel, request, As("bob")).status), "NOT_OWNER") << name;
    EXPECT_EQ(ReasonOf(Call(*cancel, request, As("ada")).status), "SWEEP_ENDED") << name;
  }
  request.set_name("sweeps/@last");
  EXPECT_EQ(ReasonOf(Call(*cancel, request, As("bob")).status), "SWEEP_ENDED") << "bob's own";
  request.set_name("sweeps/absent");
  EXPECT_EQ(ReasonOf(Call(*cancel, request, As("bob")).status), "SWEEP_NOT_FOUND");
  const auto* const hold =
      v1::HoldJobRequest::descriptor()->file()->FindServiceByName("QueueService")->FindMethodByName("HoldJob");
  v1::HoldJobRequest of_job;
  for (const char* const name : {"jobs/adajob", "runs/adarun", "runs/adar"}) {
    of_job.set_name(name);
    EXPECT_EQ(ReasonOf(Call(*hold, of_job, As("bob")).status), "NOT_OWNER") << name;
    EXPECT_EQ(ReasonOf(Call(*hold, of_job, As("ada")).status), "JOB_ENDED") << name;
  }
}

TEST_F(RightsTable_Test, NobodyIsKnownThenNothingIsAnswered) {
  for (const auto* const method : PublicMethods()) {
    const Reply answer = Call(*method, *RequestAbout(*method, "ada"), {{kHeader, "uid 4000"}});
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << PathOf(*method);
    EXPECT_TRUE(answer.messages.empty()) << PathOf(*method);
  }
}

}  // namespace
}  // namespace sumscope::rpc

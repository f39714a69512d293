// Whether every call takes the road: authentication, rights, hooks, then its handler.
#include "server/rpc/serve/road.h"

#include <map>
#include <new>
#include <string>
#include <vector>

#include "tests/server/rpc/any_call.h"
#include "tests/server/rpc/probes_fixture.h"
#include "tests/support/public_methods.h"

namespace sumscope::rpc {
namespace {

class NobodyAuthenticator : public auth::Authenticator {
 public:
  absl::StatusOr<auth::Caller> Authenticate(const auth::Peer&, auth::Refused*) override {
    return MakeError(absl::StatusCode::kUnauthenticated, "CALLER_UNKNOWN", "nobody is known here");
  }
  absl::Status Recheck(const auth::Caller&) override { return absl::OkStatus(); }
};

// Writes down what it saw of each method, as "admitted ada", "ended OK".
class Notebook : public CallHook {
 public:
  using Notes = std::vector<std::string>;

  void OnAdmitted(const RoadCall& call) override { Add(call, "admitted " + call.caller->name); }
  void OnEnded(const RoadCall& call, const absl::Status& status) override {
    Add(call, "ended " + absl::StatusCodeToString(status.code()));
  }
  Notes Of(const std::string& method) {
    MutexLock lock(&mutex_);
    return notes_[method];
  }

 private:
  void Add(const RoadCall& call, const std::string& note) {
    MutexLock lock(&mutex_);
    notes_[call.method].push_back(note);
  }

  Mutex mutex_;
  std::map<std::string, Notes> notes_ ABSL_GUARDED_BY(mutex_);
};

// Every service, over a channel within the process, with calls of any method by its path.
class Road_Test : public ProbesService_Test {
 protected:
  Road_Test() { hooks_ = {&notebook_}; }

  // Calls a method, of whatever kind, with one message without fields.
  grpc::Status Call(const std::string& method) { return CallAny(server_.get(), method, "").status; }

  Notebook notebook_;
};

class RefusingRoad_Test : public Road_Test {
 protected:
  RefusingRoad_Test() { authenticator_ = &nobody_; }

  NobodyAuthenticator nobody_;
};

TEST_F(Road_Test, EveryMethodTakesMessagesOfItsOwnType) {
  for (const auto* method : PublicMethods()) EXPECT_EQ(MethodTaking(method->input_type()), PathOf(*method));
  EXPECT_EQ(MethodTaking(v1::Run::descriptor()), "");
}

// Each handler authenticated by itself; GetServerInfo had forgotten to.
TEST_F(RefusingRoad_Test, EveryMethodRefusesACallerWhomNobodyKnows) {
  for (const auto* method : PublicMethods()) {
    const grpc::Status status = Call(PathOf(*method));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << PathOf(*method) << status.error_message();
    EXPECT_EQ(ReasonOf(status), "CALLER_UNKNOWN") << PathOf(*method);
    EXPECT_EQ(notebook_.Of(PathOf(*method)), Notebook::Notes{"ended UNAUTHENTICATED"});
  }
}

TEST_F(Road_Test, HooksSeeEveryMethodAdmittedAndEnded) {
  hub_->Close();  // watches without an end do not wait
  for (const auto* method : PublicMethods()) {
    const grpc::Status status = Call(PathOf(*method));
    const auto code = absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()));
    EXPECT_EQ(notebook_.Of(PathOf(*method)), (Notebook::Notes{"admitted ada", "ended " + code}));
  }
}

TEST_F(Road_Test, HandlerThrowsThenHooksSeeTheEnd) {
  grpc::ServerContext context;
  const v1::GetRunRequest request;
  v1::Run run;
  EXPECT_THROW(road_->Unary(&context, &request, &run,
                            [](const auth::Caller&) -> absl::StatusOr<v1::Run> { throw std::bad_alloc(); }),
               std::bad_alloc);
  EXPECT_EQ(notebook_.Of("/sumscope.v1.RunService/GetRun"), (Notebook::Notes{"admitted ada", "ended UNKNOWN"}));
}

TEST_F(Road_Test, MessageIsNoMethodsThenItsCallIsDenied) {
  grpc::ServerContext context;
  const v1::Run request;
  v1::Run run;
  const grpc::Status status =
      road_->Unary(&context, &request, &run, [](const auth::Caller&) -> absl::StatusOr<v1::Run> {
        ADD_FAILURE() << "the handler ran";
        return v1::Run();
      });
  EXPECT_EQ(ReasonOf(status), "METHOD_DENIED");
}

}  // namespace
}  // namespace sumscope::rpc

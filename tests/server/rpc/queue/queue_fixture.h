#ifndef SUMSCOPE_TESTS_SERVER_RPC_QUEUE_QUEUE_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_RPC_QUEUE_QUEUE_FIXTURE_H_

#include <string>

#include "tests/server/rpc/serve/gate/many_users.h"

namespace sumscope::rpc {

// Calls of the queue's service, as users; those that may be refused return the reason.
class QueueFixture : public ManyUsers_Test {
 protected:
  grpc::Status TryToMake(const std::string& user, const v1::CreateRunRequest& request) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::Run run;
    return runs_->CreateRun(&context, request, &run);
  }
  v1::CreateRunRequest RunOf(const std::string& id, v1::Visibility visibility = v1::LAB) {
    v1::CreateRunRequest request;
    *request.mutable_spec() = Spec();
    request.set_run_id(id);
    request.set_visibility(visibility);
    return request;
  }
  void Make(const std::string& user, const std::string& id, v1::Visibility visibility) {
    const grpc::Status status = TryToMake(user, RunOf(id, visibility));
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  v1::ListJobsResponse List(const std::string& user, const v1::ListJobsRequest& request = {}) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::ListJobsResponse list;
    const grpc::Status status = queue_->ListJobs(&context, request, &list);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return list;
  }
  v1::Explanation Explain(const std::string& user, const std::string& name) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::ExplainJobRequest request;
    request.set_name(name);
    v1::Explanation explanation;
    const grpc::Status status = queue_->ExplainJob(&context, request, &explanation);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return explanation;
  }
  std::string Hold(const std::string& user, const std::string& name, v1::Job* job) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::HoldJobRequest request;
    request.set_name(name);
    return ReasonOf(queue_->HoldJob(&context, request, job));
  }
  std::string Release(const std::string& user, const std::string& name, v1::Job* job) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::ReleaseJobRequest request;
    request.set_name(name);
    return ReasonOf(queue_->ReleaseJob(&context, request, job));
  }
  std::string SetPriority(const std::string& user, const std::string& name, int priority, v1::Job* job) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::SetJobPriorityRequest request;
    request.set_name(name);
    request.set_priority(static_cast<v1::Priority>(priority));
    return ReasonOf(queue_->SetJobPriority(&context, request, job));
  }
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_TESTS_SERVER_RPC_QUEUE_QUEUE_FIXTURE_H_

#ifndef SUMSCOPE_SERVER_RPC_QUESTIONS_QUESTION_SET_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_QUESTIONS_QUESTION_SET_SERVICE_H_

#include "server/rpc/serve/service_base.h"
#include "sumscope/v1/question_sets.grpc.pb.h"

namespace sumscope::rpc {

// Lists of questions, uploaded once and then named by hash. Thread-safe.
class QuestionSetService final
    : public ServiceBase<
          v1::QuestionSetService::WithCallbackMethod_UploadQuestionSet<v1::QuestionSetService::Service>> {
 public:
  using ServiceBase::ServiceBase;

  grpc::ServerReadReactor<v1::UploadQuestionSetRequest>* UploadQuestionSet(grpc::CallbackServerContext*,
                                                                           v1::UploadedQuestionSet*) override;
  grpc::Status GetQuestionSet(grpc::ServerContext*, const v1::GetQuestionSetRequest*,
                              v1::UploadedQuestionSet*) override;
  grpc::Status ListQuestionSets(grpc::ServerContext*, const v1::ListQuestionSetsRequest*,
                                v1::ListQuestionSetsResponse*) override;

 private:
  absl::StatusOr<v1::UploadedQuestionSet> Upload(const auth::Caller& caller,
                                                 UploadReader<v1::UploadQuestionSetRequest>* reader);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_QUESTIONS_QUESTION_SET_SERVICE_H_

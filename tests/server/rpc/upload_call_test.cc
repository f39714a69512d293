#include "server/rpc/serve/upload_call.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "google/rpc/status.pb.h"
#include "sumscope/v1/question_sets.grpc.pb.h"

namespace sumscope::rpc {
namespace {

// Counts the messages of an upload.
class CountingService final
    : public v1::QuestionSetService::WithCallbackMethod_UploadQuestionSet<v1::QuestionSetService::Service> {
 public:
  explicit CountingService(absl::Duration patience) : patience_(patience) {}

  grpc::ServerReadReactor<v1::UploadQuestionSetRequest>* UploadQuestionSet(grpc::CallbackServerContext* context,
                                                                           v1::UploadedQuestionSet* response) override {
    return UploadCall<v1::UploadQuestionSetRequest, v1::UploadedQuestionSet>::Serve(
        context, &desk_, patience_, response,
        [](UploadReader<v1::UploadQuestionSetRequest>* reader) -> absl::StatusOr<v1::UploadedQuestionSet> {
          v1::UploadedQuestionSet set;
          v1::UploadQuestionSetRequest message;
          while (true) {
            absl::StatusOr<bool> more = reader->Read(&message);
            if (!more.ok()) return more.status();
            if (!*more) return set;
            set.set_count(set.count() + 1);
          }
        });
  }

 private:
  const absl::Duration patience_;
  UploadDesk desk_{1};
};

class UploadCall_Test : public testing::Test {
 protected:
  void Start(absl::Duration patience) {
    service_ = std::make_unique<CountingService>(patience);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::QuestionSetService::NewStub(server_->InProcessChannel({}));
  }
  ~UploadCall_Test() override {
    stub_.reset();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  }
  static std::string ReasonOf(const grpc::Status& status) {
    google::rpc::Status rpc;
    rpc.ParseFromString(status.error_details());
    return ErrorReason(FromRpcStatus(rpc));
  }

  std::unique_ptr<CountingService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::QuestionSetService::Stub> stub_;
};

TEST_F(UploadCall_Test, EveryMessageIsReadAndTheHandlersResultIsTheAnswer) {
  Start(absl::Seconds(60));
  for (int count : {0, 1, 50}) {
    grpc::ClientContext context;
    v1::UploadedQuestionSet set;
    const auto writer = stub_->UploadQuestionSet(&context, &set);
    for (int i = 0; i < count; ++i) EXPECT_TRUE(writer->Write({}));
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(set.count(), static_cast<uint32_t>(count));
  }
}

// Silent uploads held a thread each for as long as they liked.
TEST_F(UploadCall_Test, SilentUploadEndsWithAReason) {
  Start(absl::Milliseconds(20));
  grpc::ClientContext context;
  v1::UploadedQuestionSet set;
  const auto writer = stub_->UploadQuestionSet(&context, &set);
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(status), "UPLOAD_SILENT");
}

// With 570 silent uploads every other call failed without a reason.
TEST_F(UploadCall_Test, OneMoreThanThereMayBeIsRefusedWithAReason) {
  Start(absl::Seconds(60));
  grpc::ClientContext context, other;
  v1::UploadedQuestionSet set;
  const auto first = stub_->UploadQuestionSet(&context, &set);
  ASSERT_TRUE(first->Write({}));
  // The first may not have come in before the second: one of the two is refused.
  const auto second = stub_->UploadQuestionSet(&other, &set);
  second->WritesDone();
  grpc::Status status = second->Finish();
  if (status.ok()) {
    status = first->Finish();
  } else {
    context.TryCancel();
    first->Finish();
  }
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_UPLOADS");
}

// Half of a list must not be taken for all of it.
TEST_F(UploadCall_Test, UploadOfAClientThatLeftIsCancelled) {
  Start(absl::Seconds(60));
  grpc::ClientContext context;
  v1::UploadedQuestionSet set;
  const auto writer = stub_->UploadQuestionSet(&context, &set);
  ASSERT_TRUE(writer->Write({}));
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace sumscope::rpc

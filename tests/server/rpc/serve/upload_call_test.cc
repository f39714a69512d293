#include "server/rpc/serve/upload_call.h"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "google/rpc/status.pb.h"
#include "sumscope/v1/question_sets.grpc.pb.h"

namespace sumscope::rpc {
namespace {

// Counts the messages of an upload.
class CountingService final
    : public v1::QuestionSetService::WithCallbackMethod_UploadQuestionSet<v1::QuestionSetService::Service> {
 public:
  CountingService(const UploadPace& pace, size_t desks) : pace_(pace), desk_(desks) {}

  grpc::ServerReadReactor<v1::UploadQuestionSetRequest>* UploadQuestionSet(grpc::CallbackServerContext* context,
                                                                           v1::UploadedQuestionSet* response) override {
    return UploadCall<v1::UploadQuestionSetRequest>::Serve(
        context, &desk_, pace_, [response](UploadReader<v1::UploadQuestionSetRequest>* reader) {
          v1::UploadQuestionSetRequest message;
          while (true) {
            absl::StatusOr<bool> more = reader->Read(&message);
            if (!more.ok()) return more.status();
            if (message.data() == "memory") throw std::bad_alloc();
            if (message.data() == "error") throw std::length_error("of the test");
            if (!*more) return absl::OkStatus();
            response->set_count(response->count() + 1);
          }
        });
  }

 private:
  const UploadPace pace_;
  UploadDesk desk_;
};

class UploadCall_Test : public testing::Test {
 protected:
  // An upload may be over for its client before its place is free.
  void Start(const UploadPace& pace, size_t desks = 4) {
    service_ = std::make_unique<CountingService>(pace, desks);
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
  Start({});
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
  Start({absl::Milliseconds(20)});
  grpc::ClientContext context;
  v1::UploadedQuestionSet set;
  const auto writer = stub_->UploadQuestionSet(&context, &set);
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(status), "UPLOAD_SILENT");
}

// A message a minute kept a place for ever.
TEST_F(UploadCall_Test, UploadThatComesTooSlowlyEndsWithAReason) {
  Start({absl::Seconds(60), absl::ZeroDuration(), 1e18});
  grpc::ClientContext context;
  v1::UploadedQuestionSet set;
  const auto writer = stub_->UploadQuestionSet(&context, &set);
  v1::UploadQuestionSetRequest message;
  message.set_data("1+2\n");
  writer->Write(message);
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(status), "UPLOAD_TOO_SLOW");
}

// What a handler threw in its thread, for want of memory, ended the server.
TEST_F(UploadCall_Test, HandlerThatThrowsEndsItsCallAlone) {
  Start({});
  for (const auto& [thrown, reason] :
       {std::make_pair("memory", "OUT_OF_MEMORY"), std::make_pair("error", "HANDLER_FAILED")}) {
    grpc::ClientContext context;
    v1::UploadedQuestionSet set;
    const auto writer = stub_->UploadQuestionSet(&context, &set);
    v1::UploadQuestionSetRequest message;
    message.set_data(thrown);
    writer->Write(message);
    EXPECT_EQ(ReasonOf(writer->Finish()), reason);
  }
}

// With 570 silent uploads every other call failed without a reason.
TEST_F(UploadCall_Test, OneMoreThanThereMayBeIsRefusedWithAReason) {
  Start({}, 1);
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
  Start({});
  grpc::ClientContext context;
  v1::UploadedQuestionSet set;
  const auto writer = stub_->UploadQuestionSet(&context, &set);
  ASSERT_TRUE(writer->Write({}));
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace sumscope::rpc

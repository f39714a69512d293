#include "server/rpc/serve/call_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "google/rpc/status.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/errors/errors.h"
#include "server/transport/rpc_server.h"
#include "sumscope/v1/runs.grpc.pb.h"
#include "tests/server/transport/manual_clock.h"
#include "tests/support/temp_directory.h"

namespace sumscope::rpc {
namespace {

class TestService final : public v1::RunService::Service {
 public:
  grpc::Status GetRun(grpc::ServerContext* context, const v1::GetRunRequest* request, v1::Run* run) override {
    if (request->name() == "throw") throw std::bad_alloc();
    peer_ = context->peer();
    run->set_name(request->name());
    return grpc::Status::OK;
  }
  // Sends until the client is gone.
  grpc::Status DownloadCheckpoint(grpc::ServerContext*, const v1::DownloadCheckpointRequest*,
                                  grpc::ServerWriter<v1::FileChunk>* writer) override {
    v1::FileChunk chunk;
    chunk.set_data(std::string(1 << 20, 'x'));
    while (writer->Write(chunk)) {
    }
    cut_off_ = true;
    return grpc::Status::OK;
  }
  const std::string& peer() const { return peer_; }
  bool cut_off() const { return cut_off_; }

 private:
  std::string peer_;
  std::atomic<bool> cut_off_{false};
};

class CallWatch_Test : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = folder_.path() + "/s";
    auto socket = transport::ListeningSocket::BindUnix(path);
    ASSERT_TRUE(socket.ok()) << socket.status();
    std::vector<transport::ListeningSocket> sockets;
    sockets.push_back(*std::move(socket));
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(watch_.Interceptors());
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    auto server = transport::RpcServer::Start(&builder, std::move(sockets), &connections_, {});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel("unix:" + path, grpc::InsecureChannelCredentials());
    stub_ = v1::RunService::NewStub(channel_);
  }
  void TearDown() override {
    stub_.reset();
    channel_.reset();
    server_->Shutdown(absl::Now() + absl::Seconds(2));
  }

  // A unary call of any method with any bytes.
  absl::Status Call(const std::string& method, const std::string& bytes) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1), response;
    grpc::Status status;
    const auto reader = stub.PrepareUnaryCall(&context, method, request, &queue);
    reader->StartCall();
    reader->Finish(&response, &status, this);
    void* tag;
    bool ok;
    queue.Next(&tag, &ok);
    if (status.ok()) return absl::OkStatus();
    google::rpc::Status rpc;
    rpc.ParseFromString(status.error_details());
    EXPECT_EQ(rpc.code(), status.error_code());
    return FromRpcStatus(rpc);
  }

  const TempDirectory folder_;
  ManualClock clock_;
  transport::ConnectionTable connections_{{10, absl::Minutes(5)}, &clock_};
  CallWatch watch_{&connections_, &clock_};
  TestService service_;
  std::unique_ptr<transport::RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::RunService::Stub> stub_;
};

TEST_F(CallWatch_Test, CallIsCountedTimedAndKnownByItsConnection) {
  v1::GetRunRequest request;
  request.set_name("runs/a");
  v1::Run run;
  grpc::ClientContext context;
  const grpc::Status status = stub_->GetRun(&context, request, &run);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(run.name(), "runs/a");
  EXPECT_EQ(service_.peer().substr(0, 3), "fd:");
  EXPECT_NE(connections_.CallBegan(service_.peer()), 0u);
  const auto times = watch_.times().Describe();
  ASSERT_EQ(times.size(), 1u);
  EXPECT_EQ(times[0].method(), "/sumscope.v1.RunService/GetRun");
  EXPECT_EQ(times[0].calls(), 1u);
  EXPECT_EQ(times[0].errors(), 0u);
}

// A request with invalid UTF-8 was INTERNAL without a word.
TEST_F(CallWatch_Test, RequestThatCannotBeReadIsTheClientsErrorWithAReason) {
  for (const std::string& bytes : {std::string("\x0a\x01\xff", 3), std::string("\x0a\x7f", 2)}) {
    const absl::Status status = Call("/sumscope.v1.RunService/GetRun", bytes);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorReason(status), "REQUEST_UNREADABLE");
  }
  EXPECT_EQ(watch_.times().Describe()[0].errors(), 2u);
}

TEST_F(CallWatch_Test, UnknownMethodHasAReason) {
  for (const char* method :
       {"/sumscope.v1.RunService/Nonsense", "/no.Service/Method", "/sumscope.v1.RunService/ListRuns"}) {
    const absl::Status status = Call(method, "");
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << method;
    EXPECT_EQ(ErrorReason(status), "METHOD_UNKNOWN") << method;
  }
}

// gRPC makes UNKNOWN of what a handler throws: for clients neither an error of theirs nor one to report.
TEST_F(CallWatch_Test, HandlerThatThrowsIsTheServersFault) {
  v1::GetRunRequest request;
  request.set_name("throw");
  const absl::Status status = Call("/sumscope.v1.RunService/GetRun", request.SerializeAsString());
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ErrorReason(status), "HANDLER_FAILED");
}

// A client that never read held its thread for ever.
TEST_F(CallWatch_Test, ClientThatTakesNothingIsCutOff) {
  grpc::ClientContext context;
  const auto reader = stub_->DownloadCheckpoint(&context, {});
  v1::FileChunk chunk;
  ASSERT_TRUE(reader->Read(&chunk));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!service_.cut_off() && std::chrono::steady_clock::now() < deadline) {
    clock_.Advance(61);
    watch_.EndStalled();
    std::this_thread::yield();
  }
  EXPECT_TRUE(service_.cut_off());
  while (reader->Read(&chunk)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace sumscope::rpc

#ifndef SUMSCOPE_TESTS_CLIENT_CONTRACT_SERVER_UNDER_TEST_H_
#define SUMSCOPE_TESTS_CLIENT_CONTRACT_SERVER_UNDER_TEST_H_

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection/channel/grpc_status.h"
#include "grpcpp/grpcpp.h"

namespace sumscope::client {

// A server for clients, with at least three runs.
class ServerUnderTest {
 public:
  virtual ~ServerUnderTest() = default;
  // To be dropped before the server.
  virtual std::shared_ptr<grpc::Channel> Connect() = 0;
  // The name of a run that has succeeded, with metrics and weights.
  virtual std::string run() const = 0;
  // A capture of it, of several tensors.
  virtual std::string capture() const = 0;
};

// What client tests talk to, and what they mean by it: the services of the server, over storage in memory.
enum class ServerKind { kFake, kReal };
std::unique_ptr<ServerUnderTest> MakeServer(ServerKind kind);

// A suite of what clients rely on, which runs against both.
class ServerContractTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  ServerContractTest() : server_(MakeServer(GetParam())), channel_(server_->Connect()) {}

  template <typename Stub, typename Request, typename Response>
  static absl::StatusOr<Response> Call(Stub& stub,
                                       grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                       const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(Deadline());
    Response response;
    const absl::Status status = FromGrpc((stub.*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  // Reads the stream that `open(&context)` gives to its end.
  template <typename Message, typename Open>
  static absl::Status Read(const Open& open, std::vector<Message>* messages) {
    grpc::ClientContext context;
    context.set_deadline(Deadline());
    const std::unique_ptr<grpc::ClientReader<Message>> reader = open(&context);
    for (Message message; reader->Read(&message);) messages->push_back(message);
    return FromGrpc(reader->Finish());
  }

  template <typename Request>
  static Request Named(const std::string& name) {
    Request request;
    request.set_name(name);
    return request;
  }

  const std::unique_ptr<ServerUnderTest> server_;
  const std::shared_ptr<grpc::Channel> channel_;

 private:
  static std::chrono::system_clock::time_point Deadline() {
    return std::chrono::system_clock::now() + std::chrono::seconds(30);
  }
};

inline std::string KindName(const ::testing::TestParamInfo<ServerKind>& info) {
  return info.param == ServerKind::kFake ? "Fake" : "Real";
}
#define SUMSCOPE_ON_EVERY_SERVER(suite) \
  INSTANTIATE_TEST_SUITE_P(Servers, suite, ::testing::Values(ServerKind::kFake, ServerKind::kReal), KindName)

}  // namespace sumscope::client

#endif  // SUMSCOPE_TESTS_CLIENT_CONTRACT_SERVER_UNDER_TEST_H_

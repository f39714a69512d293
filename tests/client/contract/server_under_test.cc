#include "tests/client/contract/server_under_test.h"

#include "proto/contract/names/resource_names.h"
#include "tests/client/fake_server.h"
#include "tests/server/rpc/probes_fixture.h"

namespace sumscope::client {
namespace {

class Fake final : public ServerUnderTest {
 public:
  Fake() { FillCapture(&server_); }

  std::shared_ptr<grpc::Channel> Connect() override {
    return grpc::CreateChannel(server_.address(), grpc::InsecureChannelCredentials());
  }
  std::string run() const override { return server_.run.name(); }
  std::string capture() const override { return server_.capture.name(); }

 private:
  FakeServer server_;
};

// The fixture of the services' own tests as an object: no test of its own, but for the suite's tests to call.
class Real final : public ServerUnderTest, private rpc::ProbesService_Test {
 public:
  Real() {
    SetUp();
    capture_ = CaptureName(run_, Captured());
    for (const char* id : {"other-a", "other-b"}) JobsFixture::Create(id);
  }
  ~Real() override { TearDown(); }

  std::shared_ptr<grpc::Channel> Connect() override { return server_->InProcessChannel({}); }
  std::string run() const override { return RunName(run_); }
  std::string capture() const override { return capture_; }

 private:
  void TestBody() override {}

  std::string capture_;
};

}  // namespace

std::unique_ptr<ServerUnderTest> MakeServer(ServerKind kind) {
  if (kind == ServerKind::kFake) return std::make_unique<Fake>();
  return std::make_unique<Real>();
}

}  // namespace sumscope::client

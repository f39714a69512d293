#include "client/connection/address.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {
namespace {

TEST(Address_Test, GivenSocketOrHostAndPortThenItIsValid) {
  for (const char* good : {"unix:/run/s.sock", "localhost:7433", "gpu-box:1", "[::1]:80", "10.0.0.1:65535"}) {
    EXPECT_TRUE(CheckAddress(good).ok()) << good;
  }
}

TEST(Address_Test, GivenAnythingElseThenInvalid) {
  for (const char* bad : {"", "unix:", "unix:relative", "host", ":80", "host:", "host:0", "host:65536", "host:http",
                          "http://host:80", "a b:80"}) {
    EXPECT_EQ(ErrorReason(CheckAddress(bad)), "SERVER_ADDRESS_INVALID") << bad;
  }
}

TEST(Address_Test, GivenNoSocketThenUnavailable) {
  const TempDirectory directory;
  const absl::Status status = ProbeSocket(directory.path() + "/none.sock");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), "SERVER_NOT_RUNNING");
  EXPECT_EQ(ErrorReason(ProbeSocket("/" + std::string(200, 'x'))), "SERVER_NOT_RUNNING");
}

TEST(Address_Test, GivenSeveralPathsThenFirstAliveIsTaken) {
  const FakeServer first, second;
  const TempDirectory directory;
  const std::string dead = directory.path() + "/dead.sock";
  EXPECT_EQ(FindLocalServer({dead, second.socket(), first.socket()}).value(), second.address());
  EXPECT_EQ(ErrorReason(FindLocalServer({dead}).status()), "SERVER_NOT_RUNNING");
}

TEST(Address_Test, GivenStoppedServerThenCheckSaysSo) {
  FakeServer server;
  EXPECT_TRUE(CheckServer(server.address()).ok());
  server.Stop();
  EXPECT_EQ(ErrorReason(CheckServer(server.address())), "SERVER_NOT_RUNNING");
}

}  // namespace
}  // namespace sumscope::client

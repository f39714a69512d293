#include "client/connection/ways/address.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {
namespace {

TEST(Address_Test, GivenSocketOrHostAndPortThenItIsTakenApart) {
  EXPECT_EQ(ParseAddress("unix:/run/s.sock")->path, "/run/s.sock");
  for (const auto& [text, host, port] :
       std::vector<std::tuple<const char*, const char*, int>>{{"localhost:7433", "localhost", 7433},
                                                              {"gpu-box:1", "gpu-box", 1},
                                                              {"[::1]:80", "::1", 80},
                                                              {"10.0.0.1:65535", "10.0.0.1", 65535}}) {
    const absl::StatusOr<Address> address = ParseAddress(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->kind, Address::Kind::kTcp);
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
  }
}

TEST(Address_Test, GivenSshThenUserHostAndPortAreTakenApart) {
  for (const auto& [text, user, host, port] : std::vector<std::tuple<const char*, const char*, const char*, int>>{
           {"ssh://gpu-box", "", "gpu-box", 0},
           {"ssh://ann@gpu-box.lab.org", "ann", "gpu-box.lab.org", 0},
           {"ssh://ann@gpu_box:2222", "ann", "gpu_box", 2222},
           {"ssh://ann@lab.org@gpu", "ann@lab.org", "gpu", 0},
           {"ssh://[fe80::1%eth0]:22", "", "fe80::1%eth0", 22}}) {
    const absl::StatusOr<Address> address = ParseAddress(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->kind, Address::Kind::kSsh);
    EXPECT_EQ(address->user, user);
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
  }
}

TEST(Address_Test, GivenAnythingElseThenInvalid) {
  for (const char* bad : {"", "unix:", "unix:relative", "host", ":80", "host:", "host:0", "host:65536", "host:http",
                          "http://host:80", "a b:80", "::1:80", "[::1]80", "host:+80", "ssh://", "ssh://host:0",
                          "ssh://host/path", "ssh://@host", "ssh://user@"}) {
    EXPECT_EQ(ErrorReason(ParseAddress(bad).status()), "SERVER_ADDRESS_INVALID") << bad;
  }
}

// What ssh, or a shell that its configuration starts, would take for more than a name.
TEST(Address_Test, GivenAnOptionOrShellTextForSshThenInvalid) {
  for (const char* bad : {"ssh://-oProxyCommand=x", "ssh://-l@host", "ssh://user@-host", "ssh://[-host]", "-host:80",
                          "ssh://a;b", "ssh://$(id)@host", "ssh://`id`", "ssh://a b", "ssh://a\nb", "ssh://'host'"}) {
    EXPECT_EQ(ErrorReason(ParseAddress(bad).status()), "SERVER_ADDRESS_INVALID") << bad;
  }
}

TEST(Address_Test, GivenNoAddressThenWhatIsWrongWithItIsSaid) {
  for (const auto& [bad, why] :
       std::vector<std::pair<std::string, std::string>>{{"localhost", "its port is missing"},
                                                        {"box:99999", "a port is from 1 to 65535"},
                                                        {"ssh://box:0", "a port is from 1 to 65535"},
                                                        {"https://box:1", "does not speak that protocol"},
                                                        {"ssh://box/path", "a host has no path"},
                                                        {"unix:rel.sock", "begins with /"},
                                                        {"", "\"\" is no server address; expected"}}) {
    EXPECT_NE(ParseAddress(bad).status().message().find(why), std::string::npos) << ParseAddress(bad).status();
  }
}

TEST(Address_Test, GivenThisMachineByNameOrNumberThenLoopback) {
  for (const char* near : {"localhost:1", "LOCALHOST:1", "127.0.0.1:1", "127.1.2.3:1", "[::1]:1"}) {
    EXPECT_TRUE(ParseAddress(near)->loopback()) << near;
  }
  for (const char* far : {"gpu-box:1", "127.evil.org:1", "localhost.evil.org:1", "10.127.0.1:1", "ssh://localhost"}) {
    EXPECT_FALSE(ParseAddress(far)->loopback()) << far;
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

#include "server/listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include "proto/contract/errors.h"
#include "proto/contract/grpc_address.h"
#include "tests/support/temp_directory.h"

namespace sumscope {
namespace {

// What a server is built of.
struct Parts {
  Parts() {
    parts.connections = &connections;
    parts.watch = &watch;
  }
  transport::ConnectionTable connections{{10, absl::Minutes(1)}, Clock::Real()};
  rpc::CallWatch watch{&connections, Clock::Real()};
  PublicServer parts;
};

bool Reaches(const std::string& address) {
  const auto channel = grpc::CreateChannel(GrpcAddress(address), grpc::InsecureChannelCredentials());
  return channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10));
}

TEST(Listener_Test, SocketIsPrivateAndGoneAfterwards) {
  const TempDirectory folder;
  Parts parts;
  const std::string path = folder.path() + "/s.sock";
  auto sockets = ClaimSockets({"unix:" + path});
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  auto server = Listen({"unix:" + path}, *sockets, parts.parts);
  ASSERT_TRUE(server.ok()) << server.status();
  struct stat file;
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0077, 0u);
  EXPECT_EQ(ErrorReason(ClaimSockets({"unix:" + path}).status()), "SOCKET_IN_USE");
  server->reset();
  sockets->clear();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// gRPC reads addresses as URIs: '#' and '?' cut a path, '%' changed it.
TEST(Listener_Test, GivenCharactersOfUrisInThePathThenReached) {
  const TempDirectory folder;
  Parts parts;
  for (const char* name : {"/plain", "/a#b", "/a?b", "/a%41b", "/a b", "/\xc3\xa9:@!$&'()*+;=[]"}) {
    const std::string address = "unix:" + folder.path() + name;
    const auto sockets = ClaimSockets({address});
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    const auto server = Listen({address}, *sockets, parts.parts);
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_TRUE(std::filesystem::is_socket(folder.path() + name)) << name;
    EXPECT_TRUE(Reaches(address)) << name;
  }
}

TEST(Listener_Test, GivenLoopbackThenItListensThereAndNowhereElse) {
  Parts parts;
  EXPECT_TRUE(Listen({"127.0.0.1:0", "localhost:0"}, {}, parts.parts).ok());
  EXPECT_EQ(ErrorReason(Listen({"0.0.0.0:0"}, {}, parts.parts).status()), "PLAINTEXT_REFUSED");
}

}  // namespace
}  // namespace sumscope

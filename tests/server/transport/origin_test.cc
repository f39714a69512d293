#include "server/transport/origin.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <utility>

#include "proto/contract/process/file_descriptor.h"
#include "proto/contract/process/ssh_origin.h"
#include "server/transport/listening_socket.h"

namespace sumscope::transport {
namespace {

TEST(Origin_Test, PeerOfAUnixSocketIsItsUser) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const FileDescriptor one(ends[0]), other(ends[1]);
  const Origin origin = OriginOf(one.get(), Way::kSocket);
  EXPECT_EQ(origin.uid, geteuid());
  EXPECT_EQ(origin.address, "socket");
  EXPECT_EQ(origin.remote, "");
}

TEST(Origin_Test, GivenTheNameOfAnSshClientThenItIsTheAddressOfASocket) {
  for (const auto& [name, address] :
       {std::pair(std::string(1, '\0') + SshSocketName("10.0.0.5", "origin-test"), "ssh 10.0.0.5"),
        std::pair(std::string("\0origin-test", 12), "socket")}) {
    const FileDescriptor listening(socket(AF_UNIX, SOCK_STREAM, 0)), client(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un server = {};
    server.sun_family = AF_UNIX;  // without a path, the kernel chooses an abstract name
    ASSERT_EQ(bind(listening.get(), reinterpret_cast<sockaddr*>(&server), sizeof(sa_family_t)), 0);
    ASSERT_EQ(listen(listening.get(), 1), 0);
    socklen_t size = sizeof(server);
    ASSERT_EQ(getsockname(listening.get(), reinterpret_cast<sockaddr*>(&server), &size), 0);
    sockaddr_un own = {};
    own.sun_family = AF_UNIX;
    name.copy(own.sun_path, sizeof(own.sun_path));
    ASSERT_EQ(bind(client.get(), reinterpret_cast<sockaddr*>(&own), offsetof(sockaddr_un, sun_path) + name.size()), 0);
    ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&server), size), 0);
    const FileDescriptor accepted(accept(listening.get(), nullptr, nullptr));
    const Origin origin = OriginOf(accepted.get(), Way::kSocket);
    EXPECT_EQ(origin.address, address);
    EXPECT_EQ(origin.uid, geteuid());
  }
}

TEST(Origin_Test, PeerOfAnAddressIsThatAddress) {
  for (const char* host : {"127.0.0.1", "[::1]"}) {
    auto sockets = ListeningSocket::BindTls(std::string(host) + ":0");
    if (!sockets.ok()) continue;  // a machine without IPv6
    const int listening = sockets->front().descriptor();
    sockaddr_storage name = {};
    socklen_t size = sizeof(name);
    ASSERT_EQ(getsockname(listening, reinterpret_cast<sockaddr*>(&name), &size), 0);
    const FileDescriptor client(socket(name.ss_family, SOCK_STREAM, 0));
    ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
    const FileDescriptor accepted(accept(listening, nullptr, nullptr));
    const Origin origin = OriginOf(accepted.get(), Way::kTls);
    EXPECT_EQ(origin.remote.rfind(std::string(host) + ":", 0), 0u) << origin.remote;
    EXPECT_EQ("[" + origin.address + "]", host[0] == '[' ? host : "[127.0.0.1]");
    EXPECT_FALSE(origin.uid.has_value());
  }
}

TEST(Origin_Test, RemoteIsReadOutOfGrpcsName) {
  EXPECT_EQ(RemoteOf("ipv4:10.0.0.7:5000"), "10.0.0.7:5000");
  EXPECT_EQ(RemoteOf("ipv6:%5B::1%5D:5000"), "[::1]:5000");
  EXPECT_EQ(RemoteOf("ipv6:[::1]:5000"), "[::1]:5000");
  EXPECT_EQ(RemoteOf("ipv6:%5Bfe80::1%252%5D:5000"), "[fe80::1%2]:5000");
  EXPECT_EQ(RemoteOf("unix:/x"), "");
  EXPECT_EQ(RemoteOf("ipv4:%"), "%");
}

}  // namespace
}  // namespace sumscope::transport

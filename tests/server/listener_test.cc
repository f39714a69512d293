#include "server/listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "proto/contract/errors.h"
#include "tests/support/temp_directory.h"

namespace sumscope {
namespace {

int BindSocket(const std::string& path) {
  const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return descriptor;
}

TEST(Listener_Test, StaleSocketIsRemovedAndALiveOneIsNot) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  const int descriptor = BindSocket(path);
  ASSERT_EQ(listen(descriptor, 1), 0);
  EXPECT_EQ(ErrorReason(PrepareSocketPath(path)), "SOCKET_IN_USE");
  close(descriptor);
  EXPECT_TRUE(PrepareSocketPath(path).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Listener_Test, PathsThatCannotBeSocketsAreRefused) {
  const TempDirectory folder;
  EXPECT_EQ(ErrorReason(PrepareSocketPath(folder.path() + "/" + std::string(120, 'x'))), "SOCKET_PATH_TOO_LONG");
  std::ofstream(folder.path() + "/file") << "kept";
  EXPECT_EQ(ErrorReason(PrepareSocketPath(folder.path() + "/file")), "SOCKET_NOT_POSSIBLE");
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/file"));
  EXPECT_EQ(ErrorReason(PrepareSocketPath(folder.path() + "/file/s.sock")), "SOCKET_NOT_POSSIBLE");
}

TEST(Listener_Test, SocketIsPrivate) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  transport::ConnectionTable connections({10, absl::Minutes(1)}, Clock::Real());
  rpc::CallWatch watch(&connections, Clock::Real());
  PublicServer parts;
  parts.connections = &connections;
  parts.watch = &watch;
  const auto server = Listen({"unix:" + path}, parts);
  ASSERT_TRUE(server.ok()) << server.status();
  struct stat file;
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0077, 0u);
}

}  // namespace
}  // namespace sumscope

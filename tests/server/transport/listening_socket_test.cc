#include "server/transport/listening_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "proto/contract/errors/errors.h"
#include "tests/support/temp_directory.h"

namespace sumscope::transport {
namespace {

TEST(ListeningSocket_Test, UnixSocketIsPrivateUnderAnyMaskAndGoesWithItsOwner) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s#?%.sock";
  for (const mode_t mask : {0000, 0022, 0777}) {
    const mode_t before = umask(mask);
    const auto socket = ListeningSocket::BindUnix(path);
    umask(before);
    ASSERT_TRUE(socket.ok()) << socket.status();
    struct stat file = {};
    ASSERT_EQ(stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u) << mask;
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

// A server that had lost its socket's place removed the socket of its successor.
TEST(ListeningSocket_Test, SuccessorsSocketStays) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s";
  auto first = ListeningSocket::BindUnix(path);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(ErrorReason(ListeningSocket::BindUnix(path).status()), "LISTEN_FAILED");
  std::filesystem::remove(path);
  const auto second = ListeningSocket::BindUnix(path);
  ASSERT_TRUE(second.ok());
  { const ListeningSocket gone = *std::move(first); }
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(ListeningSocket_Test, OnlyLoopbackIsListenedOn) {
  EXPECT_TRUE(ListeningSocket::BindLoopback("127.0.0.1:0").ok());
  EXPECT_EQ(ErrorReason(ListeningSocket::BindLoopback("0.0.0.0:0").status()), "PLAINTEXT_REFUSED");
  EXPECT_EQ(ErrorReason(ListeningSocket::BindLoopback("127.0.0.1").status()), "LISTEN_FAILED");
  EXPECT_EQ(ErrorReason(ListeningSocket::BindLoopback("127.0.0.1:http").status()), "LISTEN_FAILED");
}

}  // namespace
}  // namespace sumscope::transport

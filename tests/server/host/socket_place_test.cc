#include "server/host/socket_place.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <tuple>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "tests/support/temp_directory.h"

namespace sumscope::host {
namespace {

// A bound socket of ours, and nothing of it when it goes.
class BoundSocket {
 public:
  explicit BoundSocket(const std::string& path, int type = SOCK_STREAM) : descriptor_(socket(AF_UNIX, type, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0) << path;
  }
  ~BoundSocket() { close(descriptor_); }
  void Listen(int backlog = 1) { ASSERT_EQ(listen(descriptor_, backlog), 0); }

 private:
  const int descriptor_;
};

ino_t InodeOf(const std::string& path) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

TEST(SocketPlace_Test, StaleSocketIsReplacedWhenOursListensAndALiveOneIsNot) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  {
    BoundSocket other(path);
    other.Listen();
    EXPECT_EQ(ErrorReason(SocketPlace::Claim(path).status()), "SOCKET_IN_USE");
  }
  const ino_t stale = InodeOf(path);
  auto place = SocketPlace::Claim(path);
  ASSERT_TRUE(place.ok()) << place.status();
  EXPECT_EQ(InodeOf(path), stale);
  BoundSocket ours((*place)->bind_path());
  ours.Listen();
  ASSERT_TRUE((*place)->Publish().ok());
  EXPECT_NE(InodeOf(path), stale);
  EXPECT_EQ(ErrorReason(SocketPlace::Claim(path).status()), "SOCKET_IN_USE");
  place->reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// A displaced server unlinked its successor's socket.
TEST(SocketPlace_Test, GivenSuccessorThenItsSocketStays) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  auto first = SocketPlace::Claim(path).value();
  BoundSocket displaced(first->bind_path());
  displaced.Listen();
  ASSERT_TRUE(first->Publish().ok());
  std::filesystem::remove(path);
  auto second = SocketPlace::Claim(path).value();
  BoundSocket successor(second->bind_path());
  successor.Listen();
  ASSERT_TRUE(second->Publish().ok());
  const ino_t theirs = InodeOf(path);
  first.reset();
  EXPECT_EQ(InodeOf(path), theirs);
}

// Two servers that started at once both had the socket, and the second took it from the first.
TEST(SocketPlace_Test, GivenTwoThatClaimAtOnceThenOneGetsIt) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  auto first = SocketPlace::Claim(path).value(), second = SocketPlace::Claim(path).value();
  BoundSocket one(first->bind_path()), two(second->bind_path());
  one.Listen();
  two.Listen();
  EXPECT_TRUE(second->Publish().ok());
  EXPECT_EQ(ErrorReason(first->Publish()), "SOCKET_IN_USE");
}

// A start hung for ever on a server with a full backlog.
TEST(SocketPlace_Test, GivenFullBacklogThenItIsInUse) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  BoundSocket busy(path);
  busy.Listen(0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  std::vector<int> waiting;
  do {
    waiting.push_back(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  } while (connect(waiting.back(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(ErrorReason(SocketPlace::Claim(path).status()), "SOCKET_IN_USE");
  for (const int descriptor : waiting) close(descriptor);
}

// The live datagram socket of another program was taken for a dead one of ours, and removed.
TEST(SocketPlace_Test, GivenDatagramSocketThenItStays) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  const BoundSocket journal(path, SOCK_DGRAM);
  EXPECT_EQ(ErrorReason(SocketPlace::Claim(path).status()), "SOCKET_NOT_POSSIBLE");
  EXPECT_NE(InodeOf(path), 0u);
}

TEST(SocketPlace_Test, SocketIsOpenToItsGroupOnceThatIsSaid) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  auto place = SocketPlace::Claim(path).value();
  BoundSocket ours(place->bind_path());
  ours.Listen();
  chmod(place->bind_path().c_str(), 0600);
  ASSERT_TRUE(place->Publish().ok());
  ASSERT_TRUE(place->GiveTo(getegid()).ok());
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_TRUE(place->OpenToGroup().ok());
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  EXPECT_EQ(info.st_gid, getegid());
}

// Whoever took the path would have got the mode that was meant for ours.
TEST(SocketPlace_Test, GivenSuccessorThenItsModeStays) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  auto place = SocketPlace::Claim(path).value();
  BoundSocket ours(place->bind_path());
  ours.Listen();
  ASSERT_TRUE(place->Publish().ok());
  std::filesystem::remove(path);
  std::ofstream(path) << "another's";
  chmod(path.c_str(), 0600);
  EXPECT_TRUE(place->OpenToGroup().ok());
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(SocketPlace_Test, GroupThatMayNotBeGivenIsRefused) {
  if (geteuid() == 0) GTEST_SKIP() << "root may give any";
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  auto place = SocketPlace::Claim(path).value();
  BoundSocket ours(place->bind_path());
  ours.Listen();
  ASSERT_TRUE(place->Publish().ok());
  EXPECT_EQ(ErrorReason(place->GiveTo(0)), "LISTEN_FAILED");
}

TEST(SocketPlace_Test, FolderSaysWhetherAGroupReachesTheSocket) {
  const TempDirectory folder;
  const auto place = SocketPlace::Claim(folder.path() + "/s.sock").value();
  for (const auto& [mode, reaches, others_reach] :
       {std::tuple(0700, false, false), std::tuple(0750, true, false), std::tuple(0755, true, true)}) {
    chmod(folder.path().c_str(), mode);
    EXPECT_EQ(place->IsInReachOf(getegid()), reaches);
    EXPECT_EQ(place->IsInReachOf(getegid() + 1), others_reach);
  }
}

// Under a server that runs, a cleaner of temporary files took its socket, and nobody heard of it.
TEST(SocketPlace_Test, WhenItsFileIsRemovedOrReplacedThenItIsLost) {
  const TempDirectory folder;
  const std::string path = folder.path() + "/s.sock";
  const auto place = *SocketPlace::Claim(path);
  EXPECT_FALSE(place->IsLost());
  std::ofstream(place->bind_path()) << "stands for a socket";
  ASSERT_TRUE(place->Publish().ok());
  EXPECT_FALSE(place->IsLost());
  std::filesystem::remove(path);
  EXPECT_TRUE(place->IsLost());
  std::ofstream(path) << "another's";
  EXPECT_TRUE(place->IsLost());
}

TEST(SocketPlace_Test, PathsThatCannotBeSocketsAreRefused) {
  const TempDirectory folder;
  const auto reason = [&](const std::string& name) {
    return ErrorReason(SocketPlace::Claim(folder.path() + name).status());
  };
  EXPECT_EQ(reason("/" + std::string(120, 'x')), "SOCKET_PATH_TOO_LONG");
  std::ofstream(folder.path() + "/file") << "kept";
  EXPECT_EQ(reason("/file"), "SOCKET_NOT_POSSIBLE");
  EXPECT_EQ(reason("/file/s.sock"), "SOCKET_NOT_POSSIBLE");
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/file"));
  EXPECT_EQ(reason("/a,b"), "SOCKET_NOT_POSSIBLE");
  // The folder of a mistyped path was made.
  EXPECT_EQ(reason("/none/s.sock"), "SOCKET_NOT_POSSIBLE");
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/none"));
}

}  // namespace
}  // namespace sumscope::host

// Modes, loopback addresses.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "proto/contract/errors/errors.h"
#include "server/host/loopback.h"
#include "server/host/private_modes.h"
#include "tests/support/temp_directory.h"

namespace sumscope::host {
namespace {

namespace fs = std::filesystem;

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

TEST(PrivateModes_Test, MissingFoldersAreMadeForTheUserAloneWhateverTheUmask) {
  const TempDirectory folder;
  const mode_t old = umask(0);
  EXPECT_TRUE(MakePrivateFolder(folder.path() + "/a/b/c").ok());
  umask(old);
  for (const char* made : {"/a", "/a/b", "/a/b/c"}) EXPECT_EQ(ModeOf(folder.path() + made), 0700u) << made;
  EXPECT_TRUE(MakePrivateFolder(folder.path() + "/a/b/c/").ok());
  std::ofstream(folder.path() + "/file") << "x";
  EXPECT_FALSE(MakePrivateFolder(folder.path() + "/file").ok());
  EXPECT_FALSE(MakePrivateFolder(folder.path() + "/file/x").ok());
}

// catalog.db was 0644 under umask 022, logs 0777 under 0.
TEST(PrivateModes_Test, GivenOpenDataDirectoryThenOthersLoseIt) {
  const TempDirectory folder;
  const std::string data = folder.path() + "/d";
  fs::create_directories(data + "/runs/ab");
  fs::create_directories(data + "/logs");
  fs::create_directories(data + "/question_sets");
  const std::vector<std::string> files = {"/catalog.db", "/catalog.db-wal", "/runs/ab/ab1.db", "/logs/worker.log",
                                          "/question_sets/x"};
  for (const std::string& file : files) {
    std::ofstream(data + file) << "x";
    chmod((data + file).c_str(), 0664);
  }
  const std::vector<std::string> folders = {"", "/runs", "/runs/ab", "/logs", "/question_sets"};
  for (const std::string& each : folders) chmod((data + each).c_str(), 0777);
  std::ofstream(folder.path() + "/outside") << "x";
  chmod((folder.path() + "/outside").c_str(), 0644);
  fs::create_symlink(folder.path() + "/outside", data + "/logs/link");
  fs::create_symlink(data, folder.path() + "/link");
  ASSERT_TRUE(MakeDataPrivate(folder.path() + "/link").ok());
  for (const std::string& file : files) EXPECT_EQ(ModeOf(data + file), 0600u) << file;
  for (const std::string& each : folders) EXPECT_EQ(ModeOf(data + each), 0700u) << each;
  EXPECT_EQ(ModeOf(folder.path() + "/outside"), 0644u);
}

TEST(LoopbackAddress_Test, GivenLoopbackThenItsNumber) {
  EXPECT_EQ(LoopbackAddress("127.0.0.1:50051").value(), "127.0.0.1:50051");
  EXPECT_EQ(LoopbackAddress("127.8.9.1:0").value(), "127.8.9.1:0");
  EXPECT_EQ(LoopbackAddress("[::1]:7").value(), "[::1]:7");
  EXPECT_EQ(LoopbackAddress("[0:0:0:0:0:0:0:1]:7").value(), "[::1]:7");
  const std::string localhost = LoopbackAddress("localhost:7").value();
  EXPECT_TRUE(localhost == "127.0.0.1:7" || localhost == "[::1]:7") << localhost;
}

// 127.0.0.1.some.name passed as loopback by its first letters.
TEST(LoopbackAddress_Test, GivenAnythingElseThenRefused) {
  for (const char* other : {"127.0.0.1.some.name:1", "127.1:1", "0.0.0.0:1", "[::]:1", "[::ffff:127.0.0.1]:1",
                            "127.0.0.1 :1", "10.0.0.1:1", "example.org:1", "::1:1", "[127.0.0.1]:1"}) {
    EXPECT_EQ(ErrorReason(LoopbackAddress(other).status()), "PLAINTEXT_REFUSED") << other;
  }
  for (const char* bad : {"nonsense", ":1", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:65536", "127.0.0.1:x"}) {
    EXPECT_EQ(ErrorReason(LoopbackAddress(bad).status()), "CONFIG_INVALID") << bad;
  }
}

}  // namespace
}  // namespace sumscope::host

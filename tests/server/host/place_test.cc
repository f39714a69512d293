// Modes, loopback addresses, slots that a machine gets by itself.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "server/host/loopback.h"
#include "server/host/machine.h"
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

TEST(ChooseSlots_Test, OneSlotOfOneThreadPerCoreAsFarAsMemoryAndTheMaximumGo) {
  const auto choice = [](uint32_t cores, uint64_t gib) {
    const SlotChoice chosen = ChooseSlots({cores, gib << 30});
    EXPECT_FALSE(chosen.reason.empty());
    return std::make_pair(chosen.slots, chosen.threads);
  };
  using Slots = std::pair<uint32_t, uint32_t>;
  EXPECT_EQ(choice(1, 1), Slots(1, 1));
  EXPECT_EQ(choice(2, 24), Slots(2, 1));
  EXPECT_EQ(choice(8, 64), Slots(8, 1));
  // What is left of the cores becomes threads, the same for every slot.
  EXPECT_EQ(choice(16, 64), Slots(8, 2));
  EXPECT_EQ(choice(12, 64), Slots(6, 2));
  EXPECT_EQ(choice(9, 64), Slots(8, 1));
  EXPECT_EQ(choice(64, 512), Slots(8, 8));
  // Memory for three.
  EXPECT_EQ(choice(8, 7), Slots(2, 4));
  EXPECT_EQ(choice(3, 7), Slots(3, 1));
  EXPECT_EQ(choice(8, 2), Slots(1, 8));
}

// Under systemd's MemoryMax= a server of a large host made more slots than the limit has room for.
TEST(ThisMachine_Test, GivenGroupsBelowTheRootThenTheTightestLimitOfThePathHolds) {
  const TempDirectory root;
  fs::create_directories(root.path() + "/system.slice/sumscoped.service");
  const auto write = [&](const std::string& file, const std::string& text) {
    std::ofstream(absl::StrCat(root.path(), "/", file)) << text;
  };
  write("system.slice/memory.max", "8589934592\n");
  write("system.slice/cpu.max", "150000 100000\n");
  write("system.slice/sumscoped.service/memory.max", "max\n");
  write("system.slice/sumscoped.service/cpu.max", "400000 100000\n");
  const std::string groups = "4:memory:/other\n0::/system.slice/sumscoped.service\n";
  EXPECT_EQ(LimitsOfGroups(groups, root.path()).memory_bytes, uint64_t{8} << 30);
  EXPECT_EQ(LimitsOfGroups(groups, root.path()).cores, 1u);
  write("system.slice/sumscoped.service/memory.max", "4294967296\n");
  EXPECT_EQ(LimitsOfGroups(groups, root.path()).memory_bytes, uint64_t{4} << 30);
  EXPECT_EQ(LimitsOfGroups("0::/\n", root.path()).memory_bytes, UINT64_MAX);
  EXPECT_EQ(LimitsOfGroups("", root.path()).cores, UINT32_MAX);
}

TEST(ThisMachine_Test, HasACoreAndMemory) {
  EXPECT_GE(ThisMachine().cores, 1u);
  EXPECT_GT(ThisMachine().memory_bytes, uint64_t{1} << 28);
}

}  // namespace
}  // namespace sumscope::host

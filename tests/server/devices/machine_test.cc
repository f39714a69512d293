#include "server/devices/machine.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/support/temp_directory.h"

namespace sumscope::devices {
namespace {

namespace fs = std::filesystem;

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

// The names and words of cgroup v1.
TEST(ThisMachine_Test, GivenGroupsOfVersionOneThenTheirLimitsHold) {
  const TempDirectory root;
  fs::create_directories(root.path() + "/memory/a/b");
  fs::create_directories(root.path() + "/cpu/a");
  const auto write = [&](const std::string& file, const std::string& text) {
    std::ofstream(absl::StrCat(root.path(), "/", file)) << text;
  };
  write("memory/a/memory.limit_in_bytes", "1073741824\n");
  write("memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
  write("cpu/a/cpu.cfs_quota_us", "300000\n");
  write("cpu/a/cpu.cfs_period_us", "100000\n");
  const std::string groups = "5:memory:/a/b\n4:cpu,cpuacct:/a\n1:name=systemd:/\n";
  EXPECT_EQ(LimitsOfGroups(groups, root.path()).memory_bytes, uint64_t{1} << 30);
  EXPECT_EQ(LimitsOfGroups(groups, root.path()).cores, 3u);
  write("cpu/a/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(LimitsOfGroups(groups, root.path()).cores, UINT32_MAX);
}

TEST(FreeMemory_Test, IsWhatTheMachineHasOrTheGroupLeavesWhateverIsLess) {
  const TempDirectory root;
  fs::create_directories(root.path() + "/s");
  const auto write = [&](const std::string& file, const std::string& text) {
    std::ofstream(absl::StrCat(root.path(), "/s/", file)) << text;
  };
  const std::string meminfo = "MemTotal:  9000 kB\nMemAvailable:    3000 kB\n", groups = "0::/s\n";
  EXPECT_EQ(FreeMemoryOf(meminfo, groups, root.path()), 3000u << 10);
  write("memory.max", "4000000\n");
  write("memory.current", "3000000\n");
  EXPECT_EQ(FreeMemoryOf(meminfo, groups, root.path()), 1000000u);
  write("memory.stat", "anon 7\ninactive_file 500000\n");
  EXPECT_EQ(FreeMemoryOf(meminfo, groups, root.path()), 1500000u);
  write("memory.current", "5000000\n");
  EXPECT_EQ(FreeMemoryOf(meminfo, groups, root.path()), 0u);
  write("memory.max", "max\n");
  EXPECT_EQ(FreeMemoryOf(meminfo, groups, root.path()), 3000u << 10);
  EXPECT_EQ(FreeMemoryOf("", groups, root.path()), 0u);
  EXPECT_GT(FreeMemory(), 0u);
}

}  // namespace
}  // namespace sumscope::devices

#include "server/devices/processes.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace sumscope::devices {
namespace {

TEST(OwnerOfProcess_Test, GivenAProcessThenTheNameOfItsUser) {
  const passwd* const entry = getpwuid(getuid());
  EXPECT_EQ(OwnerOfProcess(getpid()), entry == nullptr ? absl::StrCat("uid-", getuid()) : entry->pw_name);
  EXPECT_TRUE(OwnerOfProcess(1).has_value());
}

TEST(OwnerOfProcess_Test, GivenNoProcessThenNobody) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(OwnerOfProcess(child), std::nullopt);
  EXPECT_EQ(OwnerOfProcess(0), std::nullopt);
  EXPECT_EQ(OwnerOfProcess(-1), std::nullopt);
}

TEST(IsDescendant_Test, GivenForksBetweenThenStillADescendant) {
  EXPECT_TRUE(IsDescendant(getpid(), getpid()));
  EXPECT_TRUE(IsDescendant(getpid(), getppid()));
  EXPECT_FALSE(IsDescendant(getppid(), getpid()));
  EXPECT_FALSE(IsDescendant(0, getpid()));
  const pid_t child = fork();
  if (child == 0) {
    // A child of the child asks, and hands the answer on by its exit.
    const pid_t grandchild = fork();
    if (grandchild == 0) _exit(IsDescendant(getpid(), getppid()) ? 0 : 1);
    int status = 1;
    waitpid(grandchild, &status, 0);
    _exit(status == 0 ? 0 : 1);
  }
  EXPECT_TRUE(IsDescendant(child, getpid()));
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace sumscope::devices

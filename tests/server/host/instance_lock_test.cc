#include "server/host/instance_lock.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "tests/support/temp_directory.h"

namespace sumscope::host {
namespace {

TEST(InstanceLock_Test, SecondServerIsRefusedUntilTheFirstIsGone) {
  const TempDirectory folder;
  auto first = InstanceLock::Take(folder.path() + "/data");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(ErrorReason(InstanceLock::Take(folder.path() + "/data").status()), "DATA_DIRECTORY_IN_USE");
  first->reset();
  EXPECT_TRUE(InstanceLock::Take(folder.path() + "/data").ok());
}

TEST(InstanceLock_Test, FileInPlaceOfAFolderIsRefused) {
  const TempDirectory folder;
  std::ofstream(folder.path() + "/file") << "x";
  EXPECT_EQ(ErrorReason(InstanceLock::Take(folder.path() + "/file/data").status()), "DATA_DIRECTORY_NOT_WRITABLE");
  EXPECT_EQ(ErrorReason(InstanceLock::Take(folder.path() + "/file").status()), "DATA_DIRECTORY_NOT_WRITABLE");
}

TEST(InstanceLock_Test, GivenTooLongAPathThenRefused) {
  EXPECT_EQ(ErrorReason(InstanceLock::Take("/" + std::string(limits::kMaxDataDirectoryLength, 'x')).status()),
            "DATA_DIRECTORY_TOO_LONG");
}

// A data directory that was removed under a server went unnoticed: what was acknowledged then was lost.
TEST(InstanceLock_Test, GivenRemovedMovedOrReplacedDirectoryThenLost) {
  const TempDirectory folder;
  const std::string data = folder.path() + "/data";
  auto lock = InstanceLock::Take(data).value();
  EXPECT_TRUE(lock->Check().ok());
  std::filesystem::rename(data, folder.path() + "/moved");
  EXPECT_EQ(ErrorReason(lock->Check()), "DATA_DIRECTORY_LOST");
  const auto successor = InstanceLock::Take(data).value();
  EXPECT_EQ(ErrorReason(lock->Check()), "DATA_DIRECTORY_LOST");
  EXPECT_TRUE(successor->Check().ok());
  EXPECT_TRUE(std::filesystem::equivalent(lock->alias() + "/.", folder.path() + "/moved"));
  std::filesystem::remove_all(data);
  EXPECT_EQ(ErrorReason(successor->Check()), "DATA_DIRECTORY_LOST");
}

TEST(InstanceLock_Test, GivenLongPathThenItsAliasIsShort) {
  const TempDirectory folder;
  const std::string data = folder.path() + "/" + std::string(200, 'x') + "/#d?%41";
  const auto lock = InstanceLock::Take(data).value();
  EXPECT_LT(lock->alias().size(), 40u);
  EXPECT_TRUE(std::filesystem::equivalent(lock->alias() + "/.", data));
}

}  // namespace
}  // namespace sumscope::host

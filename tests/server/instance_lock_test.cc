#include "server/instance_lock.h"

#include <gtest/gtest.h>

#include <fstream>

#include "proto/contract/errors.h"
#include "tests/support/temp_directory.h"

namespace sumscope {
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

}  // namespace
}  // namespace sumscope

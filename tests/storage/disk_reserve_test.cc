#include "storage/disk_reserve.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_directory.h"

namespace sumscope::storage {
namespace {

constexpr uint64_t kBytes = 1 << 20;

class DiskReserve_Test : public testing::Test {
 protected:
  // Bytes of disk that the reserve takes.
  uint64_t Taken() const {
    struct stat info = {};
    return stat(path_.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_blocks) * 512 : 0;
  }
  const TempDirectory directory_;
  const std::string path_ = directory_.path() + "/reserve";
};

TEST_F(DiskReserve_Test, FilledThenItsBlocksAreTakenUntilItIsReleased) {
  DiskReserve reserve(path_, kBytes);
  EXPECT_FALSE(reserve.Release());
  reserve.Fill();
  EXPECT_GE(Taken(), kBytes);
  reserve.Fill();
  EXPECT_GE(Taken(), kBytes);
  while (reserve.Release()) {
  }
  EXPECT_EQ(Taken(), 0u);
}

// It helped once, and whoever came first had all of it.
TEST_F(DiskReserve_Test, ReleasedThenAPieceIsGivenBackAndTheRestIsKept) {
  DiskReserve reserve(path_, kBytes);
  reserve.Fill();
  EXPECT_TRUE(reserve.Release());
  EXPECT_LT(Taken(), kBytes);
  EXPECT_GT(Taken(), 0u);
  EXPECT_TRUE(reserve.Release());
  EXPECT_GT(Taken(), 0u);
  reserve.Fill();
  EXPECT_GE(Taken(), kBytes);
}

TEST_F(DiskReserve_Test, DiskHasTooLittleLeftThenNothingIsTaken) {
  DiskReserve reserve(path_, uint64_t{1} << 60);
  reserve.Fill();
  EXPECT_EQ(Taken(), 0u);
  EXPECT_FALSE(reserve.Release());
}

}  // namespace
}  // namespace sumscope::storage

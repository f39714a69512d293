#include "storage/disk_reserve.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/storage/faults/fault_env.h"
#include "tests/storage/faults/faults.h"
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
  DiskReserve reserve(path_, kBytes, Env::Real());
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
  DiskReserve reserve(path_, kBytes, Env::Real());
  reserve.Fill();
  EXPECT_TRUE(reserve.Release());
  EXPECT_LT(Taken(), kBytes);
  EXPECT_GT(Taken(), 0u);
  EXPECT_TRUE(reserve.Release());
  EXPECT_GT(Taken(), 0u);
  reserve.Fill();
  EXPECT_GE(Taken(), kBytes);
}

// Each release cut a piece off the file that the link led to.
TEST_F(DiskReserve_Test, SymbolicLinkLiesInItsPlaceThenTheFileItLeadsToIsLeftAlone) {
  const std::string other = directory_.path() + "/other";
  std::ofstream(other) << std::string(2 * kBytes, 'x');
  std::filesystem::create_symlink(other, path_);
  DiskReserve reserve(path_, kBytes, Env::Real());
  EXPECT_EQ(reserve.Missing(), kBytes);
  EXPECT_FALSE(Env::Real()->TruncateFile(path_, 1).ok());
  while (reserve.Release()) {
  }
  EXPECT_EQ(std::filesystem::file_size(other), 2 * kBytes);
  reserve.Fill();
  EXPECT_EQ(std::filesystem::file_size(other), 2 * kBytes);
  EXPECT_EQ(reserve.Missing(), 0u);
}

TEST_F(DiskReserve_Test, DiskHasTooLittleLeftThenNothingIsTaken) {
  DiskReserve reserve(path_, uint64_t{1} << 60, Env::Real());
  reserve.Fill();
  EXPECT_EQ(Taken(), 0u);
  EXPECT_FALSE(reserve.Release());
}

// One operation fails, or some.
class DiskReserveFault_Test : public DiskReserve_Test {
 protected:
  // Of Fill, one after another; then comes the removal.
  enum Filling { kOpen, kLook, kAllocate, kCut };

  bool IsThere() const { return std::filesystem::exists(path_); }

  Faults faults_;
  FaultEnv env_{&faults_, ENOSPC};
  DiskReserve reserve_{path_, kBytes, &env_};
};

TEST_F(DiskReserveFault_Test, CannotBeFilledThenNothingIsTakenOrLeftAndTheNextFillTakesIt) {
  for (const Filling at : {kOpen, kLook, kAllocate}) {
    faults_.Arm(at, at == kAllocate ? Faults::Moment::kMiddle : Faults::Moment::kBefore, false);
    reserve_.Fill();
    EXPECT_TRUE(faults_.fired());
    EXPECT_FALSE(IsThere()) << at;
    EXPECT_EQ(reserve_.Missing(), kBytes);
  }
  reserve_.Fill();
  EXPECT_GE(Taken(), kBytes);
  EXPECT_EQ(reserve_.Missing(), 0u);
}

TEST_F(DiskReserveFault_Test, CannotBeFilledAnewThenWhatItHeldIsKept) {
  reserve_.Fill();
  ASSERT_TRUE(reserve_.Release());
  const uint64_t missing = reserve_.Missing();
  ASSERT_GT(missing, 0u);
  faults_.Arm(kAllocate, Faults::Moment::kAfter, false);
  reserve_.Fill();
  EXPECT_TRUE(faults_.fired());
  EXPECT_EQ(reserve_.Missing(), missing);
}

TEST_F(DiskReserveFault_Test, WhatWasTakenInPartCannotBeCutThenTheFileIsGivenUp) {
  reserve_.Fill();
  ASSERT_TRUE(reserve_.Release());
  faults_.ArmSome(kAllocate, Faults::Moment::kMiddle, 2);
  reserve_.Fill();
  EXPECT_TRUE(faults_.fired());
  EXPECT_FALSE(IsThere());
  EXPECT_EQ(reserve_.Missing(), kBytes);
}

// It can do no more, and says how much it holds all the same.
TEST_F(DiskReserveFault_Test, NothingWorksAnyMoreThenWhatLiesThereCounts) {
  faults_.Arm(kAllocate, Faults::Moment::kMiddle, true);
  reserve_.Fill();
  EXPECT_TRUE(IsThere());
  EXPECT_EQ(reserve_.Missing(), kBytes / 2);
  EXPECT_FALSE(reserve_.Release());
  EXPECT_EQ(reserve_.Missing(), kBytes / 2);
  faults_.Disarm();
  EXPECT_TRUE(reserve_.Release());
  EXPECT_GT(reserve_.Missing(), kBytes / 2);
}

TEST_F(DiskReserveFault_Test, CannotGetShorterThenItIsGivenUpWhole) {
  reserve_.Fill();
  faults_.Arm(0, Faults::Moment::kBefore, false);
  EXPECT_TRUE(reserve_.Release());
  EXPECT_FALSE(IsThere());
  EXPECT_FALSE(reserve_.Release());
}

}  // namespace
}  // namespace sumscope::storage

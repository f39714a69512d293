#include "server/rpc/serve/transfer/upload_spool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "proto/contract/errors/errors.h"
#include "proto/contract/text/sha256.h"
#include "tests/storage/faults/fault_env.h"
#include "tests/storage/faults/faults.h"
#include "tests/support/temp_directory.h"

namespace sumscope::rpc {
namespace {

TEST(UploadSpool_Test, ReadsBackWhatWasAppendedAndLeavesNothing) {
  const TempDirectory folder;
  auto spool = UploadSpool::Create(folder.path(), storage::Env::Real());
  ASSERT_TRUE(spool.ok()) << spool.status();
  ASSERT_TRUE((*spool)->Append("hello ").ok());
  ASSERT_TRUE((*spool)->Append("world").ok());
  EXPECT_EQ((*spool)->size(), 11u);
  EXPECT_EQ(*(*spool)->Read(4, 4), "o wo");
  EXPECT_EQ((*spool)->Read(8, 4).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ((*spool)->Sha256(), Sha256Hex("hello world"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(UploadSpool_Test, MissingFolderIsAnError) {
  EXPECT_EQ(ErrorReason(UploadSpool::Create("/nowhere/at/all", storage::Env::Real()).status()),
            "DATA_DIRECTORY_NOT_WRITABLE");
}

TEST(UploadSpool_Test, FullDiskIsAnError) {
  auto spool = UploadSpool::Create("/dev/shm", storage::Env::Real());
  if (!spool.ok()) GTEST_SKIP() << "no /dev/shm here";
  // A file-size limit stands in for the disk; SIGXFSZ is ignored, as in the server.
  const auto append_beyond_the_limit = [&] {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit;
    limit.rlim_cur = limit.rlim_max = 1024;
    setrlimit(RLIMIT_FSIZE, &limit);
    const absl::Status status = (*spool)->Append(std::string(4096, 'x'));
    exit(ErrorReason(status) == "DISK_FULL" ? 0 : 1);
  };
  EXPECT_EXIT(append_beyond_the_limit(), testing::ExitedWithCode(0), "");
}

// What passes was FAILED_PRECONDITION, and an I/O error while reading was the loss of data that lay there unharmed.
TEST(UploadSpool_Test, WhatPassesIsNeitherAWrongPlaceNorALoss) {
  // _exit: what ends with a process may want descriptors, as UBSan's checks of virtual calls do.
  const auto reasons_without_descriptors = [] {
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    _exit(ErrorReason(UploadSpool::Create("/tmp", storage::Env::Real()).status()) == "TOO_MANY_OPEN_FILES" ? 0 : 1);
  };
  EXPECT_EXIT(reasons_without_descriptors(), testing::ExitedWithCode(0), "");

  const TempDirectory folder;
  const auto spool = UploadSpool::Create(folder.path(), storage::Env::Real());
  ASSERT_TRUE(spool.ok()) << spool.status();
  ASSERT_TRUE((*spool)->Append("hello").ok());
  const auto reason_of_a_failing_read = [&] {
    close_range(3, ~0u, 0);  // the spool's own goes too: every read fails
    _exit(ErrorReason((*spool)->Read(0, 5).status()) == "STORAGE_IO_ERROR" ? 0 : 1);
  };
  EXPECT_EXIT(reason_of_a_failing_read(), testing::ExitedWithCode(0), "");
}

using storage::Faults;

class UploadSpoolFault_Test : public testing::Test {
 protected:
  std::unique_ptr<UploadSpool> Spool() {
    auto spool = UploadSpool::Create(folder_.path(), &env_);
    EXPECT_TRUE(spool.ok()) << spool.status();
    return *std::move(spool);
  }

  const TempDirectory folder_;
  Faults faults_;
  storage::FaultEnv env_{&faults_, ENOSPC};
};

TEST_F(UploadSpoolFault_Test, CannotBeMadeThenTheUploadIsRefused) {
  faults_.Arm(0, Faults::Moment::kBefore, false);
  EXPECT_EQ(ErrorReason(UploadSpool::Create(folder_.path(), &env_).status()), "DISK_FULL");
}

// At once, or after a part of it.
TEST_F(UploadSpoolFault_Test, DiskGetsFullThenTheErrorSaysSoAndNothingIsLeft) {
  for (const Faults::Moment moment : {Faults::Moment::kBefore, Faults::Moment::kMiddle}) {
    {
      const auto spool = Spool();
      ASSERT_TRUE(spool->Append("hello ").ok());
      faults_.Arm(0, moment, true);
      const absl::Status full = spool->Append("world");
      faults_.Disarm();
      EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
      EXPECT_EQ(ErrorReason(full), "DISK_FULL");
      EXPECT_EQ(full.message(),
                storage::SystemError(ENOSPC, "the upload cannot be written to the data directory").message());
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  }
}

TEST_F(UploadSpoolFault_Test, ShortWriteThenTheRestFollows) {
  const auto spool = Spool();
  faults_.Arm(0, Faults::Moment::kMiddle, false);
  ASSERT_TRUE(spool->Append("hello world").ok());
  EXPECT_TRUE(faults_.fired());
  EXPECT_EQ(spool->size(), 11u);
  EXPECT_EQ(*spool->Read(0, 11), "hello world");
  EXPECT_EQ(spool->Sha256(), Sha256Hex("hello world"));
}

TEST_F(UploadSpoolFault_Test, ShortReadThenTheRestFollows) {
  const auto spool = Spool();
  ASSERT_TRUE(spool->Append("hello world").ok());
  faults_.Arm(0, Faults::Moment::kMiddle, false);
  EXPECT_EQ(*spool->Read(2, 7), "llo wor");
  EXPECT_TRUE(faults_.fired());
}

// The bytes lie there unharmed: the next look may find them.
TEST_F(UploadSpoolFault_Test, ReadFailsThenItIsNoLossOfData) {
  storage::FaultEnv broken(&faults_);
  const auto spool = *UploadSpool::Create(folder_.path(), &broken);
  ASSERT_TRUE(spool->Append("hello").ok());
  for (const Faults::Moment moment : {Faults::Moment::kBefore, Faults::Moment::kMiddle}) {
    faults_.Arm(0, moment, true);
    const absl::Status failed = spool->Read(0, 5).status();
    faults_.Disarm();
    EXPECT_EQ(ErrorReason(failed), "STORAGE_IO_ERROR");
    EXPECT_EQ(failed.message(), storage::SystemError(EIO, "the spooled upload cannot be read back").message());
    EXPECT_EQ(*spool->Read(0, 5), "hello");
  }
}

}  // namespace
}  // namespace sumscope::rpc

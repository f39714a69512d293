#include "server/rpc/serve/transfer/upload_spool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include "proto/contract/errors/errors.h"
#include "proto/contract/text/sha256.h"
#include "tests/support/temp_directory.h"

namespace sumscope::rpc {
namespace {

TEST(UploadSpool_Test, ReadsBackWhatWasAppendedAndLeavesNothing) {
  const TempDirectory folder;
  auto spool = UploadSpool::Create(folder.path());
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
  EXPECT_EQ(ErrorReason(UploadSpool::Create("/nowhere/at/all").status()), "DATA_DIRECTORY_NOT_WRITABLE");
}

TEST(UploadSpool_Test, FullDiskIsAnError) {
  auto spool = UploadSpool::Create("/dev/shm");
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
    _exit(ErrorReason(UploadSpool::Create("/tmp").status()) == "TOO_MANY_OPEN_FILES" ? 0 : 1);
  };
  EXPECT_EXIT(reasons_without_descriptors(), testing::ExitedWithCode(0), "");

  const TempDirectory folder;
  const auto spool = UploadSpool::Create(folder.path());
  ASSERT_TRUE(spool.ok()) << spool.status();
  ASSERT_TRUE((*spool)->Append("hello").ok());
  const auto reason_of_a_failing_read = [&] {
    close_range(3, ~0u, 0);  // the spool's own goes too: every read fails
    _exit(ErrorReason((*spool)->Read(0, 5).status()) == "STORAGE_IO_ERROR" ? 0 : 1);
  };
  EXPECT_EXIT(reason_of_a_failing_read(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sumscope::rpc

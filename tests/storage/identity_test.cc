// What lies in a file's place is compared with what is asked: names of files prove nothing.
#include <gtest/gtest.h>

#include <filesystem>

#include "proto/contract/errors/errors.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

namespace fs = std::filesystem;

class Identity_Test : public testing::Test {
 protected:
  Identity_Test() {
    Open();
    for (const char* run : {"r1", "r2"}) EXPECT_TRUE((*storage_.run_files->Create(MakeRun(run)))->Seal().ok());
    Open();
  }
  void Open() {
    storage_ = {};
    storage_ = *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real());
  }
  std::string PathOf(const std::string& run) const { return folder_.path() + "/runs/" + run + "/" + run + ".db"; }

  const TempDirectory folder_;
  Storage storage_;
};

// A run file that was copied over another was served as that run's.
TEST_F(Identity_Test, FileCopiedOverAnothersThenItIsRefusedAndNamed) {
  fs::copy_file(PathOf("r2"), PathOf("r1"), fs::copy_options::overwrite_existing);
  const absl::Status status = storage_.run_files->Open("r1").status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_EQ(ErrorReason(status), "RUN_FILE_MISPLACED");
  EXPECT_NE(status.message().find("holds runs/r2 and not runs/r1"), std::string::npos) << status;
  EXPECT_TRUE(storage_.run_files->Open("r2").ok());
}

TEST_F(Identity_Test, FileLinkedOverAnothersThenItIsRefused) {
  fs::remove(PathOf("r1"));
  fs::create_hard_link(PathOf("r2"), PathOf("r1"));
  EXPECT_EQ(ErrorReason(storage_.run_files->Open("r1").status()), "RUN_FILE_MISPLACED");
  fs::remove(PathOf("r1"));
  fs::create_symlink(PathOf("r2"), PathOf("r1"));
  EXPECT_EQ(ErrorReason(storage_.run_files->Open("r1").status()), "RUN_FILE_MISPLACED");
}

TEST_F(Identity_Test, FileCopiedOverAnOpenOneThenItIsRefusedAtItsNextOpening) {
  const auto file = *storage_.run_files->Open("r1");
  ASSERT_TRUE(file->Seal().ok());  // lets go of the connections
  fs::rename(PathOf("r2"), PathOf("r1"));
  EXPECT_EQ(ErrorReason(file->GetRun().status()), "RUN_FILE_MISPLACED");
  EXPECT_EQ(ErrorReason(file->Write([](RunFileTransaction& transaction) { return transaction.PutRun(MakeRun("r1")); })),
            "RUN_FILE_MISPLACED");
}

// A run file on another disk is still the run's.
TEST_F(Identity_Test, FileMovedAwayAndLinkedThenItIsServed) {
  const std::string elsewhere = folder_.path() + "/elsewhere.db";
  fs::rename(PathOf("r1"), elsewhere);
  fs::create_symlink(elsewhere, PathOf("r1"));
  const auto file = storage_.run_files->Open("r1");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->GetRun()->name(), "runs/r1");
}

}  // namespace
}  // namespace sumscope::storage

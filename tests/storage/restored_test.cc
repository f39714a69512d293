// Files that vanish, break and come back while they are open.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "proto/contract/errors/errors.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

namespace fs = std::filesystem;

class Restored_Test : public testing::Test {
 protected:
  Restored_Test() {
    EXPECT_TRUE((*files().Create(MakeRun("r1")))->Seal().ok());
    fs::copy_file(path_, backup_);
    EXPECT_EQ(ReadReason(), "") << "and its connection stays open";
  }
  RunFiles& files() { return *storage_.run_files; }
  // Why the run cannot be read as the server reads it; "" when it can.
  std::string ReadReason() {
    const auto file = files().Open("r1");
    return ErrorReason(file.ok() ? (*file)->GetRun().status() : file.status());
  }
  std::string WriteReason() {
    const auto file = files().Open("r1");
    if (!file.ok()) return ErrorReason(file.status());
    const absl::Status written =
        (*file)->Write([](RunFileTransaction& transaction) { return transaction.PutRun(MakeRun("r1")); });
    return ErrorReason(written.ok() ? (*file)->Seal() : written);
  }
  void Damage(size_t from = 0) {
    std::ofstream(path_, std::ios::in | std::ios::out).seekp(from) << std::string(fs::file_size(path_) - from, 'x');
  }
  void CopyBackup() { fs::copy_file(backup_, path_, fs::copy_options::overwrite_existing); }
  void MoveBackup() { fs::rename(backup_, path_); }

  void DamageAndFindIt() {
    Damage();
    EXPECT_EQ(ReadReason(), "RUN_FILE_CORRUPT");
  }
  void ExpectServed() {
    EXPECT_EQ(ReadReason(), "");
    EXPECT_EQ(WriteReason(), "");
  }

  const TempDirectory folder_;
  const std::string path_ = folder_.path() + "/runs/r1/r1.db", backup_ = folder_.path() + "/backup.db";
  Storage storage_ = *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real());
};

// A run whose file was restored from a backup stayed damaged until the server was restarted.
TEST_F(Restored_Test, DamagedFileIsOverwrittenWithItsBackupThenItIsRead) {
  DamageAndFindIt();
  CopyBackup();
  ExpectServed();
}

TEST_F(Restored_Test, DamagedFileIsReplacedByItsBackupThenItIsRead) {
  DamageAndFindIt();
  MoveBackup();
  ExpectServed();
}

// Its first page says whether what was read before may be kept, and was the same all the time.
TEST_F(Restored_Test, DamagedPartIsOverwrittenWithItsBackupThenItIsRead) {
  const auto file = *files().Open("r1");
  Damage(/*from=*/4096);
  EXPECT_EQ(ErrorReason(file->ListAnalyses().status()), "RUN_FILE_CORRUPT");
  CopyBackup();
  EXPECT_EQ(ErrorReason(file->ListAnalyses().status()), "");
}

TEST_F(Restored_Test, DamageIsFoundByAWriteThenTheRestoredFileIsWritten) {
  Damage();
  EXPECT_EQ(WriteReason(), "RUN_FILE_CORRUPT");
  CopyBackup();
  EXPECT_EQ(WriteReason(), "");
  EXPECT_EQ(ReadReason(), "");
}

// It read as a data directory that cannot be written to, or was served on out of a file that had no name any more.
TEST_F(Restored_Test, FileVanishesThenItIsCalledSoAndServedWhenItIsBack) {
  fs::remove(path_);
  EXPECT_FALSE(files().Exists("r1"));
  EXPECT_EQ(ReadReason(), "RUN_FILE_NOT_FOUND");
  EXPECT_EQ(WriteReason(), "RUN_FILE_NOT_FOUND");
  MoveBackup();
  ExpectServed();
}

TEST_F(Restored_Test, FileVanishesUnderWhoHasItThenTheirNextOpeningSaysSo) {
  const auto file = *files().Open("r1");
  ASSERT_TRUE(file->Seal().ok());  // lets go of the connections
  fs::remove_all(folder_.path() + "/runs/r1");
  EXPECT_EQ(ErrorReason(file->GetRun().status()), "RUN_FILE_NOT_FOUND");
  EXPECT_EQ(ErrorReason(file->Write([](RunFileTransaction&) { return absl::OkStatus(); })), "RUN_FILE_NOT_FOUND");
  EXPECT_EQ(ErrorReason(file->Seal()), "RUN_FILE_NOT_FOUND");
}

}  // namespace
}  // namespace sumscope::storage

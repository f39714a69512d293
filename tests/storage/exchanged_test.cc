// Files of runs that are removed, moved away or exchanged for another while they are open, and have a WAL beside them.
#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <string>

#include "proto/contract/errors/errors.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

namespace fs = std::filesystem;

// A run whose WAL has been folded in and begun anew before its backup was made and after it.
class Exchanged_Test : public testing::Test {
 protected:
  static constexpr uint64_t kInBackup = 60, kNow = 110;

  Exchanged_Test() : file_(*files().Create(MakeRun("r1"))) {
    Append(kInBackup);
    {
      SQLite::Database from(path_), to(backup_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      SQLite::Backup(to, from).executeStep();
    }
    Append(kNow - kInBackup);
    EXPECT_EQ(EntriesSeen(), kNow);
    EXPECT_GT(fs::file_size(wal_), 1u << 20);
  }
  RunFiles& files() { return *storage_.run_files; }

  absl::Status AppendOne() {
    return file_->Write([](RunFileTransaction& transaction) {
      return transaction.AppendLog({0, absl::UnixEpoch(), "INFO", std::string(100'000, 'x'), {}}).status();
    });
  }
  void Append(uint64_t entries) {
    for (uint64_t i = 0; i < entries; ++i) ASSERT_TRUE(AppendOne().ok());
  }
  // What a reader of all the log finds who has held the file all the time.
  uint64_t EntriesSeen() {
    const auto log = file_->ListLog(0, 1000);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? log->size() : 0;
  }
  std::string ReadReason() { return ErrorReason(file_->GetRun().status()); }
  // What is in a file that nobody has open, after SQLite has looked at every page of it.
  static int64_t EntriesIn(const std::string& path) {
    SQLite::Database database(path, SQLite::OPEN_READWRITE);
    EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
    return database.execAndGet("SELECT count(*) FROM log").getInt64();
  }
  void Restore() { fs::copy_file(backup_, path_); }
  void EndServer() {
    file_.reset();
    storage_ = Storage();
  }
  void StartServer() {
    storage_ = *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real());
    file_ = *files().Open("r1");
  }
  // The server dies: what its connections would have done at its end is not done.
  void KillServer() {
    for (const std::string& path : {path_, wal_}) fs::copy_file(path, path + ".kept");
    EndServer();
    for (const std::string& path : {path_, wal_}) fs::rename(path + ".kept", path);
  }

  void ExpectBackupReadAndWritten() {
    EXPECT_EQ(EntriesSeen(), kInBackup);
    EXPECT_TRUE(AppendOne().ok());
    EndServer();
    EXPECT_EQ(EntriesIn(path_), kInBackup + 1);
  }
  void ExchangeAndExpectBothWhole() {
    fs::rename(path_, aside_);
    Restore();
    EXPECT_EQ(EntriesSeen(), kInBackup);
    EndServer();
    EXPECT_EQ(EntriesIn(path_), kInBackup);
    EXPECT_EQ(EntriesIn(aside_), kNow);
  }

  const TempDirectory folder_;
  const std::string path_ = folder_.path() + "/runs/r1/r1.db", wal_ = path_ + "-wal";
  const std::string backup_ = folder_.path() + "/backup.db", aside_ = folder_.path() + "/aside.db";
  Storage storage_ = *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real());
  std::shared_ptr<RunFile> file_;
};

// It was written on without a name until somebody opened it, and its WAL stayed.
TEST_F(Exchanged_Test, FileIsRemovedThenWhoHasItIsToldAtOnceAndNothingIsLeftOfIt) {
  fs::remove(path_);
  EXPECT_EQ(ErrorReason(AppendOne()), "RUN_FILE_NOT_FOUND");
  EXPECT_EQ(ReadReason(), "RUN_FILE_NOT_FOUND");
  EXPECT_EQ(ErrorReason(file_->Seal()), "RUN_FILE_NOT_FOUND");
  EXPECT_EQ(ErrorReason(files().Open("r1").status()), "RUN_FILE_NOT_FOUND");
  EXPECT_TRUE(fs::is_empty(folder_.path() + "/runs/r1"));
}

// SQLite replayed the WAL of the removed file over its backup: both were damaged.
TEST_F(Exchanged_Test, FileIsFoundGoneThenItsBackupIsReadAndWritten) {
  fs::remove(path_);
  EXPECT_EQ(ReadReason(), "RUN_FILE_NOT_FOUND");
  Restore();
  ExpectBackupReadAndWritten();
}

TEST_F(Exchanged_Test, BackupIsRestoredBeforeAnybodyLooksThenItIsReadAndWritten) {
  fs::remove(path_);
  Restore();
  ExpectBackupReadAndWritten();
}

TEST_F(Exchanged_Test, BackupIsRestoredAndAWriterIsTheFirstToLookThenItWritesIntoTheBackup) {
  fs::remove(path_);
  Restore();
  EXPECT_TRUE(AppendOne().ok());
  EXPECT_EQ(EntriesSeen(), kInBackup + 1);
}

TEST_F(Exchanged_Test, FileIsMovedAwayThenItIsWholeThereAndGoesOnOnceItIsBack) {
  fs::rename(path_, aside_);
  EXPECT_EQ(ReadReason(), "RUN_FILE_NOT_FOUND");
  EXPECT_EQ(EntriesIn(aside_), kNow);
  fs::rename(aside_, path_);
  EXPECT_EQ(EntriesSeen(), kNow);
  EXPECT_TRUE(AppendOne().ok());
  EXPECT_EQ(EntriesSeen(), kNow + 1);
}

TEST_F(Exchanged_Test, FileIsMovedAsideForItsBackupThenBothAreWhole) { ExchangeAndExpectBothWhole(); }

TEST_F(Exchanged_Test, OnlyReadersHaveItThenItsBackupIsRead) {
  KillServer();
  StartServer();
  EXPECT_EQ(EntriesSeen(), kNow);
  ExchangeAndExpectBothWhole();
}

// The training succeeded with a damaged file: sealing folded its WAL into the backup.
TEST_F(Exchanged_Test, BackupIsRestoredAndTheFileIsSealedThenTheBackupIs) {
  fs::remove(path_);
  Restore();
  EXPECT_TRUE(file_->Seal().ok());
  EXPECT_FALSE(fs::exists(wal_));
  EXPECT_EQ(EntriesSeen(), kInBackup);
  EXPECT_EQ(EntriesIn(path_), kInBackup);
}

TEST_F(Exchanged_Test, BackupIsRestoredAndTheServerEndsThenTheNextReadsTheBackup) {
  fs::remove(path_);
  Restore();
  EndServer();
  StartServer();
  EXPECT_EQ(EntriesSeen(), kInBackup);
  EndServer();
  EXPECT_EQ(EntriesIn(path_), kInBackup);
}

// Who has written before is told by the number, for its path is the same, and its inode's number may be.
TEST_F(Exchanged_Test, OnlyAnotherFileHasAnotherNumber) {
  const uint64_t before = file_->Incarnation();
  ASSERT_TRUE(file_->Seal().ok());
  EXPECT_TRUE(AppendOne().ok());
  fs::rename(path_, aside_);
  EXPECT_EQ(ReadReason(), "RUN_FILE_NOT_FOUND");
  fs::rename(aside_, path_);
  EXPECT_TRUE(AppendOne().ok());
  EXPECT_EQ(file_->Incarnation(), before);
  fs::remove(path_);
  EXPECT_EQ(ReadReason(), "RUN_FILE_NOT_FOUND");
  Restore();
  EXPECT_TRUE(AppendOne().ok());
  EXPECT_NE(file_->Incarnation(), before);
}

// A backup that is a copy of the three files brings a WAL of its own.
TEST_F(Exchanged_Test, BackupHasAWalOfItsOwnThenThatIsLeftAlone) {
  for (const char* suffix : {"", "-wal"}) fs::copy_file(path_ + suffix, aside_ + suffix);
  Append(1);
  for (const char* suffix : {"", "-wal"}) fs::rename(aside_ + suffix, path_ + suffix);
  EXPECT_EQ(EntriesSeen(), kNow);
}

// Readers that had been there before served the older file until the server was restarted.
TEST_F(Exchanged_Test, SealedFileIsReplacedUnderIdleReadersThenTheyServeTheNewOne) {
  ASSERT_TRUE(file_->Seal().ok());
  EXPECT_EQ(EntriesSeen(), kNow);
  fs::rename(backup_, path_);
  EXPECT_EQ(EntriesSeen(), kInBackup);
}

// The connection that met damage went back to the others, and answered from what it remembered.
TEST_F(Exchanged_Test, DamageIsFoundWhileOthersUseTheFileThenItIsReadOnceItIsRestored) {
  ASSERT_TRUE(file_
                  ->Write([](RunFileTransaction& transaction) {
                    return transaction.AppendLog({0, absl::UnixEpoch(), "INFO", "needle", {}}).status();
                  })
                  .ok());
  ASSERT_TRUE(file_->Seal().ok());
  std::ifstream source(path_, std::ios::binary);
  const size_t at = std::string(std::istreambuf_iterator<char>(source), {}).find("needle");
  const auto overwrite = [&](const char* text) {
    std::ofstream(path_, std::ios::in | std::ios::out).seekp(at) << text;
  };
  // On a thread of its own: the body below must not use its file again.
  const auto reason = [&] {
    const auto read = [&] { return file_->ListLog(kNow, 10).status(); };
    return ErrorReason(std::async(std::launch::async, read).get());
  };
  const absl::Status written = file_->Write([&](RunFileTransaction&) {
    overwrite("noodle");
    EXPECT_EQ(reason(), "RUN_FILE_CORRUPT");
    overwrite("needle");
    EXPECT_EQ(reason(), "");
    return absl::OkStatus();
  });
  EXPECT_TRUE(written.ok()) << written;
}

}  // namespace
}  // namespace sumscope::storage

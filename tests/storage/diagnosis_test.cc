// What an error of the system is called: a full disk is one only where the disk is full, and what passes says so.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "proto/contract/errors/errors.h"
#include "proto/contract/text/sha256.h"
#include "storage/sqlite/files/files.h"
#include "storage/sqlite/files/system_error.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

TEST(SystemError_Test, EveryNumberHasOneMeaning) {
  const auto reason = [](int error_number) { return ErrorReason(SystemError(error_number, "could not")); };
  for (const int full : {ENOSPC, EDQUOT, EFBIG}) EXPECT_EQ(reason(full), "DISK_FULL") << full;
  for (const int used_up : {EMFILE, ENFILE}) EXPECT_EQ(reason(used_up), "TOO_MANY_OPEN_FILES") << used_up;
  for (const int place : {EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG}) {
    EXPECT_EQ(reason(place), "DATA_DIRECTORY_NOT_WRITABLE") << place;
  }
  for (const int device : {EIO, ESTALE, ENOLCK, ETIMEDOUT, EBUSY, 4095}) {
    EXPECT_EQ(reason(device), "STORAGE_IO_ERROR") << device;
  }
  EXPECT_EQ(reason(ENOMEM), "OUT_OF_MEMORY");
}

TEST(ExistingFolderOf_Test, FileThatCouldNotBeMadeThenTheFolderThatIsThere) {
  const TempDirectory folder;
  EXPECT_EQ(ExistingFolderOf(folder.path() + "/runs/r1/r1.db"), folder.path());
  EXPECT_EQ(ExistingFolderOf("/none/r1.db"), "/");
  EXPECT_EQ(ExistingFolderOf("none/r1.db"), ".");
}

class Diagnosis_Test : public testing::Test {
 protected:
  Storage Open() { return *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real()); }
  std::string PathOf(const std::string& run) const { return folder_.path() + "/runs/" + run + "/" + run + ".db"; }

  const TempDirectory folder_;
};

// Makes every flush of a database's own file fail as a dying disk does.
int RefuseToFlush(sqlite3* database, char**, const void*) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (file == nullptr || file->pMethods == nullptr) return SQLITE_OK;
  static sqlite3_io_methods refusing;
  refusing = *file->pMethods;
  refusing.xSync = [](sqlite3_file*, int) -> int {
    errno = EIO;
    return SQLITE_IOERR_FSYNC;
  };
  file->pMethods = &refusing;
  return SQLITE_OK;
}

// Every error of input or output but that of a read was called a full disk.
TEST_F(Diagnosis_Test, FlushThatTheDeviceRefusesThenItIsNoFullDisk) {
  Storage storage = Open();
  const auto file = *storage.run_files->Create(MakeRun("r1"));
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(RefuseToFlush));
  const absl::Status written =
      file->Write([](RunFileTransaction& transaction) { return transaction.PutRun(MakeRun("r1")); });
  const absl::Status sealed = written.ok() ? file->Seal() : written;
  sqlite3_reset_auto_extension();
  EXPECT_EQ(ErrorReason(sealed), "STORAGE_IO_ERROR") << sealed;
  EXPECT_TRUE(absl::IsUnavailable(sealed)) << "it may pass";
}

// Without a descriptor left, a run file was said to have a wrong owner or mode, and its job FAILED for good.
TEST_F(Diagnosis_Test, NoDescriptorLeftThenItPassesAndSaysSo) {
  { (void)*Open().run_files->Create(MakeRun("r1")); }
  const pid_t child = fork();  // the limit is the whole process's
  if (child == 0) {
    Storage storage = Open();
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    const rlimit none{0, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    const absl::Status opened = storage.run_files->Open("r1").status();
    const absl::Status created = storage.run_files->Create(MakeRun("r2")).status();
    const absl::Status text = storage.question_set_texts->Put(Sha256Hex("1+1"), "1+1");
    setrlimit(RLIMIT_NOFILE, &limit);
    for (const absl::Status& status : {opened, created, text}) {
      if (ErrorReason(status) == "TOO_MANY_OPEN_FILES" && absl::IsUnavailable(status)) continue;
      fprintf(stderr, "%s\n", status.ToString().c_str());
      _exit(1);
    }
    if (!storage.run_files->Open("r1").ok() || !storage.run_files->Create(MakeRun("r2")).ok()) _exit(2);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// A small disk of its own, in namespaces of its own; false where that is not allowed.
bool MountSmallDisk(const std::string& folder) {
  const std::string uid = std::to_string(geteuid()), gid = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " + uid + " 1";
  std::ofstream("/proc/self/gid_map") << "0 " + gid + " 1";
  return mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=4m,nr_inodes=20") == 0;
}

// A full disk was looked for at the very file that could not be made, and so never found.
TEST_F(Diagnosis_Test, DiskWithoutRoomForAFileThenItIsFullAndNotSomeoneElses) {
  constexpr int kSkipped = 77;
  const pid_t child = fork();
  if (child == 0) {
    if (!MountSmallDisk(folder_.path())) _exit(kSkipped);
    Storage storage = Open();
    std::filesystem::create_directory(folder_.path() + "/runs/r1");
    for (int i = 0; std::ofstream(folder_.path() + "/" + std::to_string(i)).good(); ++i) {
    }
    const absl::Status status = storage.run_files->Create(MakeRun("r1")).status();
    fprintf(stderr, "%s\n", status.ToString().c_str());
    _exit(ErrorReason(status) == "DISK_FULL" ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kSkipped) GTEST_SKIP() << "no disks of one's own without user namespaces";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// A FIFO in the place of a run file hung whoever opened it, and everybody after them.
TEST_F(Diagnosis_Test, FifoInAFilesPlaceThenItIsNamedAndNothingWaits) {
  Storage storage = Open();
  (void)*storage.run_files->Create(MakeRun("r1"));
  (void)*storage.captures->Create("r1", "a1", {})->get()->Finish();
  const std::string hash = Sha256Hex("1+1");
  ASSERT_TRUE(storage.question_set_texts->Put(hash, "1+1").ok());
  storage = Open();
  const auto replace = [](const std::string& path) {
    std::filesystem::remove(path);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  };
  replace(PathOf("r1"));
  replace(folder_.path() + "/runs/r1/r1.a1.db");
  replace(folder_.path() + "/question_sets/" + hash);
  const absl::Status run = storage.run_files->Open("r1").status();
  EXPECT_EQ(ErrorReason(run), "RUN_FILE_CORRUPT");
  EXPECT_NE(run.message().find("FIFO"), std::string::npos) << run;
  EXPECT_EQ(ErrorReason(storage.captures->Open("r1", "a1").status()), "CAPTURE_FILE_CORRUPT");
  EXPECT_EQ(ErrorReason(storage.question_set_texts->Get(hash).status()), "QUESTION_SET_CORRUPT");
  EXPECT_TRUE(storage.question_set_texts->Put(hash, "1+1").ok()) << "replaced";
  EXPECT_EQ(*storage.question_set_texts->Get(hash), "1+1");
}

TEST_F(Diagnosis_Test, FifoOrFolderBesideAFileOrAsCatalogThenItIsNamed) {
  {
    Storage storage = Open();
    (void)*storage.run_files->Create(MakeRun("r1"));
    (void)*storage.run_files->Create(MakeRun("r2"));
  }
  ASSERT_EQ(mkfifo((PathOf("r1") + "-wal").c_str(), 0600), 0);
  std::filesystem::remove(PathOf("r2"));
  std::filesystem::create_directory(PathOf("r2"));
  {
    Storage storage = Open();
    for (const char* run : {"r1", "r2"}) {
      EXPECT_EQ(ErrorReason(storage.run_files->Open(run).status()), "RUN_FILE_CORRUPT") << run;
    }
  }
  std::filesystem::remove(folder_.path() + "/catalog.db");
  ASSERT_EQ(mkfifo((folder_.path() + "/catalog.db").c_str(), 0600), 0);
  EXPECT_EQ(ErrorReason(OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real()).status()), "CATALOG_CORRUPT");
}

// Whatever kept a file from being looked at was told as if it were gone.
TEST_F(Diagnosis_Test, FileCannotBeLookedAtThenItIsNotCalledGone) {
  Storage storage = Open();
  const auto held = *storage.run_files->Create(MakeRun("r1"));
  const std::string hash(64, 'a');
  for (const std::string& path :
       {PathOf("r1"), PathOf("r2"), folder_.path() + "/runs/r1/r1.a1.db", folder_.path() + "/question_sets/" + hash}) {
    std::filesystem::create_directories(DirectoryOf(path));
    std::filesystem::remove(path);
    std::filesystem::create_symlink(path, path);  // leads to itself: ELOOP
  }
  for (const char* run : {"r1", "r2"}) {
    EXPECT_TRUE(storage.run_files->Exists(run)) << run;
    EXPECT_EQ(ErrorReason(storage.run_files->Open(run).status()), "DATA_DIRECTORY_NOT_WRITABLE") << run;
  }
  EXPECT_EQ(ErrorReason(storage.run_files->Create(MakeRun("r2")).status()), "DATA_DIRECTORY_NOT_WRITABLE");
  EXPECT_TRUE(storage.captures->Exists("r1", "a1"));
  EXPECT_EQ(ErrorReason(storage.captures->Open("r1", "a1").status()), "DATA_DIRECTORY_NOT_WRITABLE");
  EXPECT_EQ(ErrorReason(storage.captures->Create("r1", "a1", {}).status()), "DATA_DIRECTORY_NOT_WRITABLE");
  EXPECT_EQ(ErrorReason(storage.question_set_texts->Get(hash).status()), "DATA_DIRECTORY_NOT_WRITABLE");
}

}  // namespace
}  // namespace sumscope::storage

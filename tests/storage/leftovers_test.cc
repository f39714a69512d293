// What processes that died, and people who moved files, leave in a data directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "storage/sqlite/base/connection.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class Leftovers_Test : public testing::Test {
 protected:
  absl::StatusOr<Storage> Open() { return OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real()); }
  std::string PathOf(const std::string& run) const { return folder_.path() + "/runs/" + run + "/" + run + ".db"; }
  const TempDirectory folder_;
};

// A catalog of no bytes beside full run folders was a fresh start, in silence.
TEST_F(Leftovers_Test, EmptyOrMissingCatalogBesideRunFilesThenTheStartIsRefused) {
  (void)*Open()->run_files->Create(MakeRun("r1"));
  const std::string catalog = folder_.path() + "/catalog.db";
  fs::resize_file(catalog, 0);
  EXPECT_EQ(ErrorReason(Open().status()), "CATALOG_CORRUPT");
  EXPECT_EQ(fs::file_size(catalog), 0u) << "left as it was";
  fs::remove(catalog);
  EXPECT_EQ(ErrorReason(Open().status()), "CATALOG_CORRUPT");
  EXPECT_FALSE(fs::exists(catalog));
  fs::rename(folder_.path() + "/runs", folder_.path() + "/away");
  EXPECT_TRUE(Open().ok()) << "without runs it is a fresh start";
}

// A kill in the middle of an import left files that nobody removed.
TEST_F(Leftovers_Test, UnfinishedRunFilesThenTheStartRemovesThem) {
  (void)*Open()->run_files->Create(MakeRun("r1"));
  for (const char* name : {"r2.db.new", "r2.db.new-journal", "r1.db.new"}) {
    std::ofstream(folder_.path() + "/runs/r1/" + name) << "half";
  }
  Storage storage = *Open();
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder_.path() + "/runs/r1")) left.push_back(entry.path().filename());
  EXPECT_THAT(left, ElementsAre("r1.db"));
  EXPECT_TRUE(storage.run_files->Open("r1").ok());
}

// One strange name, or one folder that cannot be listed, kept the server from starting.
TEST_F(Leftovers_Test, FoldersWithLeftoversNamesOrThatCannotBeListedThenTheStartGoesOn) {
  (void)*Open()->run_files->Create(MakeRun("r1"));
  for (const char* name : {"/runs/r1/x.db.new", "/runs/r1/x.y.db.tmp", "/question_sets/x.tmp"}) {
    fs::create_directory(folder_.path() + name);
  }
  fs::create_symlink("loop", folder_.path() + "/runs/loop");  // the superuser may list everything else
  const absl::StatusOr<Storage> storage = Open();
  ASSERT_TRUE(storage.ok()) << storage.status();
  EXPECT_TRUE(storage->run_files->Open("r1").ok());
  EXPECT_TRUE(storage->captures->UsedBytes().ok());
  EXPECT_TRUE(storage->run_files->ListUnsealed().ok());
}

TEST_F(Leftovers_Test, FileReadFromOutsideWhileItIsSealedThenItIsListedUntilItIsSealed) {
  Storage storage = *Open();
  const auto file = *storage.run_files->Create(MakeRun("r1"));
  ASSERT_TRUE(file->Write([](RunFileTransaction& transaction) { return transaction.PutRun(MakeRun("r1")); }).ok());
  {
    const auto outside = *Connection::Open({PathOf("r1"), FileKind::kRunFile}, Connection::Mode::kReadOnly);
    ASSERT_TRUE(outside->Guard([&] { return outside->Execute("BEGIN; SELECT * FROM run"), absl::OkStatus(); }).ok());
    EXPECT_TRUE(absl::IsUnavailable(file->Seal()));
    EXPECT_THAT(*storage.run_files->ListUnsealed(), ElementsAre("r1"));
  }
  ASSERT_TRUE(file->Seal().ok());
  EXPECT_THAT(*storage.run_files->ListUnsealed(), IsEmpty());
}

}  // namespace
}  // namespace sumscope::storage

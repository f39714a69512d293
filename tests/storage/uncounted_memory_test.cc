// Each allocation of SQLite took a mutex of the whole process, to count it: fifty downloads that began together held up
// everybody's calls for up to 0.2 s.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

TEST(UncountedMemory_Test, WhenStorageIsOpenThenSqliteCountsNoMemory) {
  const TempDirectory folder;
  const auto storage = OpenSqliteStorage(folder.path(), TestTransition, Clock::Real());
  ASSERT_TRUE(storage.ok()) << storage.status();
  EXPECT_EQ(sqlite3_memory_used(), 0);
}

}  // namespace
}  // namespace sumscope::storage

// No migration loses or changes what a server of a past schema stored (make.py), also where nobody lists it any more.
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/base/schema.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/storage/any_transition.h"
#include "tests/support/temp_directory.h"

namespace sumscope::storage {
namespace {

int CountOf(SQLite::Database& database, const std::string& rows) {
  return database.execAndGet(absl::StrCat("SELECT count(*) FROM ", rows)).getInt();
}

// A catalog of the version that is the parameter, and beside it the same one, brought up to date.
class KeptRows_Test : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const std::string file = absl::StrCat("catalog_", GetParam(), ".db");
    const std::string checked_in = absl::StrCat(SUMSCOPE_SOURCE_DIR, "/tests/storage/past_schemas/", file);
    for (const std::string& copy : {past(), catalog()}) {
      std::error_code error;
      std::filesystem::copy_file(checked_in, copy, error);
      ASSERT_FALSE(error) << file << ": " << error.message();
    }
    ASSERT_TRUE(OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real()).ok());
  }
  std::string past() const { return past_folder_.path() + "/past.db"; }
  std::string catalog() const { return folder_.path() + "/catalog.db"; }

  const TempDirectory past_folder_, folder_;
};

TEST_P(KeptRows_Test, OpenedThenEveryValueOfEveryRowIsWhatItWas) {
  SQLite::Database database(catalog(), SQLite::OPEN_READWRITE);
  database.exec(absl::StrCat("ATTACH '", past(), "' AS past"));
  // sqlite_sequence, from which no number is given twice, among them.
  SQLite::Statement tables(database,
                           "SELECT name, (SELECT group_concat(name, ', ') FROM pragma_table_info(tables.name, 'past')) "
                           "FROM past.sqlite_schema AS tables WHERE type = 'table'");
  while (tables.executeStep()) {
    const std::string table = tables.getColumn(0).getString(), columns = tables.getColumn(1).getString();
    SCOPED_TRACE(table);
    const std::string was = "past." + table, is = "main." + table;
    EXPECT_GT(CountOf(database, was), 0) << "make.py's story says nothing of it";
    EXPECT_EQ(CountOf(database, is), CountOf(database, was));
    EXPECT_EQ(CountOf(database,
                      absl::StrCat("(SELECT ", columns, " FROM ", was, " EXCEPT SELECT ", columns, " FROM ", is, ")")),
              0)
        << "rows that are gone or have other values";
  }
}

INSTANTIATE_TEST_SUITE_P(Catalog, KeptRows_Test, testing::Range(1, CatalogSchema().version() + 1));

}  // namespace
}  // namespace sumscope::storage

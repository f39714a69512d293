#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_HEADLINES_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_HEADLINES_H_

#include <cstdint>
#include <string>

#include "storage/catalog/headlines.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `headlines` and, taken from it, the figures in `runs`: of the run's last checkpoint alone. Inside one
// transaction of the connection, and confined to its thread.
class SqliteHeadlines final : public Headlines {
 public:
  explicit SqliteHeadlines(Connection& connection) : connection_(connection) {}

  absl::Status Put(const std::string& run, uint64_t step, const std::string& analysis,
                   const Headline& headline) override;

  // These throw SQLite::Exception: use inside Guard.
  static void Delete(Connection& connection, const std::string& run, const std::string& analysis);
  // To be called when the run has another last checkpoint and, of a row that names none, when it has SUCCEEDED or has
  // other steps than it had then.
  static void Follow(Connection& connection, const std::string& run);

 private:
  Connection& connection_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_HEADLINES_H_

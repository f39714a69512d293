#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_REMOVALS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_REMOVALS_H_

#include <vector>

#include "storage/catalog/removals.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `removals`, inside one transaction of the connection, and confined to its thread.
class SqliteRemovals final : public Removals {
 public:
  explicit SqliteRemovals(Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::vector<Removal>> List() override;

  absl::Status Put(const Removal& removal) override;
  absl::Status End(const Removal& removal) override;

  // Begins a statement of a topic that forgets rows: what follows selects the removals that they become.
  static constexpr char kInsert[] = "INSERT OR IGNORE INTO removals (run, analysis, question_set) ";
  // Throws SQLite::Exception: use inside Guard.
  static void Delete(Connection& connection, const Removal& removal);

 private:
  Connection& connection_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_REMOVALS_H_

#include "storage/sqlite/catalog/topics/sqlite_removals.h"

#include "absl/strings/str_cat.h"
#include "storage/sqlite/base/query.h"

namespace sumscope::storage {

absl::StatusOr<std::vector<Removal>> SqliteRemovals::List() {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<Removal>> {
    std::vector<Removal> removals;
    Query query(connection_, "SELECT run, analysis, question_set FROM removals");
    while (query.Next()) removals.push_back({query.Text(0), query.Text(1), query.Text(2)});
    return removals;
  });
}

absl::Status SqliteRemovals::Put(const Removal& removal) {
  return connection_.Guard([&] {
    Query(connection_, absl::StrCat(kInsert, "VALUES (?, ?, ?)"))
        .Bind(removal.run, removal.analysis, removal.question_set)
        .Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteRemovals::End(const Removal& removal) {
  return connection_.Guard([&] {
    Delete(connection_, removal);
    return absl::OkStatus();
  });
}

void SqliteRemovals::Delete(Connection& connection, const Removal& removal) {
  Query(connection, "DELETE FROM removals WHERE run = ? AND analysis = ? AND question_set = ?")
      .Bind(removal.run, removal.analysis, removal.question_set)
      .Run();
}

}  // namespace sumscope::storage

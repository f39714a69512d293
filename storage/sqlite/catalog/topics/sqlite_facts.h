#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_FACTS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/catalog/facts.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `node_facts`, inside one transaction of the connection, and confined to its thread.
class SqliteFacts final : public Facts {
 public:
  explicit SqliteFacts(Connection& connection) : connection_(connection) {}

  absl::StatusOr<FactPage> List(const Viewer& viewer, const FactQuery& query) override;

  absl::Status Put(const std::string& run, uint64_t step, const std::string& analysis,
                   const std::vector<v1::NodeTag>& tags, absl::Time now) override;

  // What `analysis` proved. Throws SQLite::Exception: use inside Guard.
  static void Delete(Connection& connection, const std::string& run, const std::string& analysis);

 private:
  Connection& connection_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_FACTS_H_

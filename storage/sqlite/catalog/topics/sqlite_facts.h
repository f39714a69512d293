#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_FACTS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/contract/text/token_seal.h"
#include "storage/catalog/facts.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `node_facts`, inside one transaction of the connection, and confined to its thread.
class SqliteFacts final : public Facts {
 public:
  // `seal`: of page tokens; it outlives this.
  SqliteFacts(Connection& connection, const TokenSeal& seal) : connection_(connection), seal_(seal) {}

  absl::StatusOr<FactPage> List(const Viewer& viewer, const FactQuery& query) override;

  absl::Status Put(const std::string& run, uint64_t step, const std::string& analysis,
                   const std::vector<v1::NodeTag>& tags, absl::Time now) override;

  // What `analysis` proved. Throws SQLite::Exception: use inside Guard.
  static void Delete(Connection& connection, const std::string& run, const std::string& analysis);

 private:
  Connection& connection_;
  const TokenSeal& seal_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_FACTS_H_

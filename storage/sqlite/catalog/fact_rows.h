#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_FACT_ROWS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_FACT_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/catalog.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// Facts about nodes as rows of `node_facts`: see CatalogReader and CatalogTransaction.

// Guards itself.
absl::StatusOr<FactPage> ReadFactPage(Connection& connection, const FactQuery& request);

// These throw SQLite::Exception: use inside Guard. INVALID_ARGUMENT FACT_INVALID for a node that is not P14L0H1 or
// P14L0MLP, and for a tag that is empty, of several lines or longer than 256 bytes.
absl::Status ReplaceFacts(Connection& connection, const std::string& run, uint64_t step, const std::string& analysis,
                          const std::vector<v1::NodeTag>& tags, absl::Time now);
void DeleteFacts(Connection& connection, const std::string& run, const std::string& analysis);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_FACT_ROWS_H_

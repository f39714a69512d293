#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_RUN_ORDER_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_RUN_ORDER_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/text/token_seal.h"
#include "storage/sqlite/base/query.h"

namespace sumscope::storage {

// An order of runs that an index serves: `expression` [DESC], then id in the same direction.
struct RunOrder {
  enum class Type { kText, kInteger, kReal };
  std::string expression;
  Type type = Type::kText;
  bool descending = false;
};

// "" (create_time desc), "heldout_loss", "metrics.heldout_loss asc", .. INVALID_ARGUMENT ORDER_INVALID naming the
// orders.
absl::StatusOr<RunOrder> ParseRunOrder(absl::string_view order_by);

// Where a page ended: the key and id of its last row, bound to the query that it belongs to. Sealed, as the key may
// tell of rows that its reader does not see; bounded.
struct PagePosition {
  SqlValue key;
  std::string id;
};
std::string EncodePageToken(const TokenSeal& seal, absl::string_view query_hash, const PagePosition& position);
// INVALID_ARGUMENT PAGE_TOKEN_INVALID for anything that EncodePageToken did not make with `seal` for `query_hash`.
absl::StatusOr<PagePosition> DecodePageToken(const TokenSeal& seal, absl::string_view query_hash,
                                             absl::string_view token);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_RUN_ORDER_H_

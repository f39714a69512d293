#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_TOKENS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_TOKENS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "proto/contract/text/token_seal.h"
#include "storage/catalog/users.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `tokens`, inside one transaction of the connection, and confined to its thread.
class SqliteTokens final : public Tokens {
 public:
  // `seal`: of page tokens; it outlives this.
  SqliteTokens(Connection& connection, const TokenSeal& seal) : connection_(connection), seal_(seal) {}

  absl::StatusOr<std::optional<StoredToken>> Find(const std::string& id) override;
  absl::StatusOr<TokenPage> List(const std::string& user, uint32_t page_size, const std::string& page_token) override;
  absl::StatusOr<uint64_t> CountAlive(const std::string& user, absl::Time now) override;

  absl::Status Insert(const StoredToken& token) override;
  absl::Status Revoke(const std::string& id, absl::Time now) override;
  absl::Status NoteUse(const std::string& id, absl::Time now) override;
  absl::Status Prune(absl::Time older_than) override;

 private:
  Connection& connection_;
  const TokenSeal& seal_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_TOKENS_H_

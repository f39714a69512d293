#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_USERS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_USERS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "proto/contract/text/token_seal.h"
#include "storage/catalog/users.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The tables `users`, `user_uids` and `user_certificates`, inside one transaction of the connection, and confined to
// its thread.
class SqliteUsers final : public Users {
 public:
  // `seal`: of page tokens; it outlives this.
  SqliteUsers(Connection& connection, const TokenSeal& seal) : connection_(connection), seal_(seal) {}

  absl::StatusOr<v1::User> Get(const std::string& user) override;
  absl::StatusOr<std::optional<v1::User>> OfUid(uint32_t uid) override;
  absl::StatusOr<std::optional<v1::User>> OfCertificate(const std::string& name) override;
  absl::StatusOr<UserPage> List(uint32_t page_size, const std::string& page_token) override;
  absl::StatusOr<uint64_t> Count() override;
  absl::StatusOr<uint64_t> CountAdmins() override;

  absl::Status Insert(const v1::User& user) override;
  absl::Status Update(const v1::User& user) override;

 private:
  // Replaces what the user is known by.
  absl::Status PutNames(const std::string& id, const v1::User& user);

  Connection& connection_;
  const TokenSeal& seal_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_USERS_H_

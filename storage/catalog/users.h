#ifndef SUMSCOPE_STORAGE_CATALOG_USERS_H_
#define SUMSCOPE_STORAGE_CATALOG_USERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sumscope/v1/users.pb.h"

namespace sumscope::storage {

struct UserPage {
  std::vector<v1::User> users;
  std::string next_page_token;
};

// The users. Names are ids without their collection ("alice"). They take no viewer: the table of rights says who asks.
class UsersReader {
 public:
  virtual ~UsersReader() = default;
  // NOT_FOUND USER_NOT_FOUND.
  virtual absl::StatusOr<v1::User> Get(const std::string& user) = 0;
  // The user of that uid, of that certificate name: empty where there is none.
  virtual absl::StatusOr<std::optional<v1::User>> OfUid(uint32_t uid) = 0;
  virtual absl::StatusOr<std::optional<v1::User>> OfCertificate(const std::string& name) = 0;
  // By name. INVALID_ARGUMENT PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<UserPage> List(uint32_t page_size, const std::string& page_token) = 0;
  // All of them, disabled ones too.
  virtual absl::StatusOr<uint64_t> Count() = 0;
  // Admins that are not disabled and have a uid or a certificate name, by which they come in.
  virtual absl::StatusOr<uint64_t> CountAdmins() = 0;
};

class Users : public UsersReader {
 public:
  // ALREADY_EXISTS USER_EXISTS, UID_TAKEN, CERTIFICATE_TAKEN.
  virtual absl::Status Insert(const v1::User& user) = 0;
  // NOT_FOUND USER_NOT_FOUND; ALREADY_EXISTS UID_TAKEN, CERTIFICATE_TAKEN.
  virtual absl::Status Update(const v1::User& user) = 0;
};

// A token as it is kept: SHA-256 of its secret, never the secret.
struct StoredToken {
  std::string user;    // alice
  std::string id;      // t + 7 of base32; also the part of the secret by which the row is found
  std::string digest;  // 32 bytes
  std::string display_name;
  absl::Time create_time, expire_time;
  std::optional<absl::Time> last_use_time, revoke_time;
};
struct TokenPage {
  std::vector<StoredToken> tokens;
  std::string next_page_token;
};

class TokensReader {
 public:
  virtual ~TokensReader() = default;
  // Empty where there is none. Revoked and expired ones are returned.
  virtual absl::StatusOr<std::optional<StoredToken>> Find(const std::string& id) = 0;
  // Of one user, the newest first. INVALID_ARGUMENT PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<TokenPage> List(const std::string& user, uint32_t page_size,
                                         const std::string& page_token) = 0;
  // Tokens of the user that are neither revoked nor expired at `now`.
  virtual absl::StatusOr<uint64_t> CountAlive(const std::string& user, absl::Time now) = 0;
};

class Tokens : public TokensReader {
 public:
  // ALREADY_EXISTS TOKEN_EXISTS, of the id.
  virtual absl::Status Insert(const StoredToken& token) = 0;
  // NOT_FOUND TOKEN_NOT_FOUND. Keeps the first revocation.
  virtual absl::Status Revoke(const std::string& id, absl::Time now) = 0;
  virtual absl::Status NoteUse(const std::string& id, absl::Time now) = 0;
  // Forgets tokens that expired or were revoked before.
  virtual absl::Status Prune(absl::Time older_than) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_USERS_H_

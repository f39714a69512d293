#include "storage/sqlite/catalog/access/sqlite_tokens.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/not_found.h"
#include "storage/sqlite/catalog/rows/run_order.h"
#include "storage/sqlite/catalog/rows/sequence.h"

namespace sumscope::storage {
namespace {

constexpr char kTokenColumns[] =
    "id, user, digest, display_name, create_time, expire_time, last_use_time, revoke_time, sequence";
constexpr int kSequenceColumn = 8;

StoredToken ReadToken(Query& query) {
  StoredToken token;
  token.id = query.Text(0);
  token.user = query.Text(1);
  token.digest = std::string(query.Blob(2));
  token.display_name = ReplaceInvalidUtf8(query.Text(3));
  token.create_time = FromNanos(query.Int(4));
  token.expire_time = FromNanos(query.Int(5));
  if (const auto time = query.OptionalInt(6)) token.last_use_time = FromNanos(*time);
  if (const auto time = query.OptionalInt(7)) token.revoke_time = FromNanos(*time);
  return token;
}

std::optional<int64_t> NanosOf(const std::optional<absl::Time>& time) {
  return time.has_value() ? std::make_optional(ToNanos(*time)) : std::nullopt;
}

}  // namespace

absl::StatusOr<std::optional<StoredToken>> SqliteTokens::Find(const std::string& id) {
  return connection_.Guard([&]() -> absl::StatusOr<std::optional<StoredToken>> {
    Query query(connection_, absl::StrCat("SELECT ", kTokenColumns, " FROM tokens WHERE id = ?"));
    query.Bind(id);
    return query.Next() ? std::make_optional(ReadToken(query)) : std::nullopt;
  });
}

absl::StatusOr<TokenPage> SqliteTokens::List(const std::string& user, uint32_t page_size,
                                             const std::string& page_token) {
  const std::string query_hash = absl::StrCat("tokens by sequence\n", user);
  PagePosition position{std::numeric_limits<int64_t>::max(), ""};
  if (!page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(position, DecodePageToken(seal_, query_hash, page_token));
  }
  return connection_.Guard([&]() -> absl::StatusOr<TokenPage> {
    TokenPage page;
    PagePosition last;
    Query query(connection_,
                absl::StrCat("SELECT ", kTokenColumns,
                             " FROM tokens WHERE user = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?"));
    query.Bind(user, position.key, page_size + 1);
    while (query.Next()) {
      if (page.tokens.size() == page_size) {
        page.next_page_token = EncodePageToken(seal_, query_hash, last);
        break;
      }
      page.tokens.push_back(ReadToken(query));
      last = {query.Int(kSequenceColumn), query.Text(0)};
    }
    return page;
  });
}

absl::StatusOr<uint64_t> SqliteTokens::CountAlive(const std::string& user, absl::Time now) {
  return connection_.Guard([&]() -> absl::StatusOr<uint64_t> {
    Query query(connection_,
                "SELECT count(*) FROM tokens WHERE user = ? AND +revoke_time IS NULL AND +expire_time > ?");
    query.Bind(user, ToNanos(now)).Next();
    return static_cast<uint64_t>(query.Int(0));
  });
}

absl::Status SqliteTokens::Insert(const StoredToken& token) {
  return connection_.Guard([&]() -> absl::Status {
    Query found(connection_, "SELECT 1 FROM tokens WHERE id = ?");
    if (found.Bind(token.id).Next()) {
      return MakeError(absl::StatusCode::kAlreadyExists, "TOKEN_EXISTS",
                       absl::StrCat("there is a token ", Quote(token.id), " already"));
    }
    Query user(connection_, "SELECT 1 FROM users WHERE name = ?");
    if (!user.Bind(token.user).Next()) return NotFound("USER_NOT_FOUND", "user", token.user);
    Query(connection_, absl::StrCat("INSERT INTO tokens (", kTokenColumns, ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"))
        .Bind(token.id, token.user, BlobView{token.digest}, token.display_name, ToNanos(token.create_time),
              ToNanos(token.expire_time), NanosOf(token.last_use_time), NanosOf(token.revoke_time),
              NextSequence(connection_))
        .Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteTokens::Revoke(const std::string& id, absl::Time now) {
  return connection_.Guard([&]() -> absl::Status {
    Query found(connection_, "SELECT 1 FROM tokens WHERE id = ?");
    if (!found.Bind(id).Next()) return NotFound("TOKEN_NOT_FOUND", "token", id);
    Query(connection_, "UPDATE tokens SET revoke_time = ifnull(revoke_time, ?) WHERE id = ?")
        .Bind(ToNanos(now), id)
        .Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteTokens::NoteUse(const std::string& id, absl::Time now) {
  return connection_.Guard([&] {
    Query(connection_, "UPDATE tokens SET last_use_time = ? WHERE id = ?").Bind(ToNanos(now), id).Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteTokens::Prune(absl::Time older_than) {
  return connection_.Guard([&] {
    const int64_t before = ToNanos(older_than);
    Query(connection_, "DELETE FROM tokens WHERE expire_time < ?").Bind(before).Run();
    Query(connection_, "DELETE FROM tokens WHERE revoke_time IS NOT NULL AND revoke_time < ?").Bind(before).Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage

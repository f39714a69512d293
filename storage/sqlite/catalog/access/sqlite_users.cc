#include "storage/sqlite/catalog/access/sqlite_users.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/not_found.h"
#include "storage/sqlite/catalog/rows/run_order.h"

namespace sumscope::storage {
namespace {

constexpr char kCollection[] = "users/";

std::string NameOf(const std::string& id) { return kCollection + id; }

// The id of the name, of a user that may be stored.
absl::StatusOr<std::string> CheckedId(const v1::User& user) {
  absl::string_view id = user.name();
  if (!absl::ConsumePrefix(&id, kCollection) || id.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "RESOURCE_NAME_INVALID",
                     absl::StrCat(Quote(user.name()), " is no user: expected users/{user}"));
  }
  if (user.role() == v1::ROLE_UNSPECIFIED || !v1::Role_IsValid(user.role())) {
    return MakeError(absl::StatusCode::kInvalidArgument, "ROLE_MISSING",
                     absl::StrCat("user ", Quote(id), " has no role: choose VIEWER, MEMBER or ADMIN"));
  }
  return std::string(id);
}

constexpr char kUserColumns[] = "name, role, create_time, disabled, disable_time";

std::optional<int64_t> DisableTime(const v1::User& user) {
  return user.has_disable_time() ? std::make_optional(ToNanos(user.disable_time())) : std::nullopt;
}

// The current row with what the user is known by. DATA_LOSS CATALOG_ROW_CORRUPT when it cannot be read.
absl::StatusOr<v1::User> ReadUser(Connection& connection, Query& query) {
  v1::User user;
  const std::string id = query.Text(0), role = query.Text(1);
  const auto damaged = [&](absl::string_view what) { return CorruptRow(query.file(), NameOf(id), what); };
  v1::Role value = v1::ROLE_UNSPECIFIED;
  if (!v1::Role_Parse(role, &value) || value == v1::ROLE_UNSPECIFIED) {
    return damaged(absl::StrCat("there is no role ", role));
  }
  user.set_name(NameOf(id));
  user.set_role(value);
  *user.mutable_create_time() = TimestampFromNanos(query.Int(2));
  user.set_disabled(query.Int(3) != 0);
  if (const auto time = query.OptionalInt(4)) *user.mutable_disable_time() = TimestampFromNanos(*time);
  Query uids(connection, "SELECT uid FROM user_uids WHERE user = ? ORDER BY uid");
  uids.Bind(id);
  while (uids.Next()) {
    const int64_t uid = uids.Int(0);
    if (uid < 0 || uid > std::numeric_limits<uint32_t>::max()) return damaged(absl::StrCat("there is no uid ", uid));
    user.add_local_uids(static_cast<uint32_t>(uid));
  }
  bool sound = query.sound();
  Query names(connection, "SELECT name FROM user_certificates WHERE user = ? ORDER BY name");
  names.Bind(id);
  while (names.Next()) {
    user.add_certificate_names(names.Text(0));
    sound = sound && names.sound();
  }
  if (!sound) return damaged("a text of it is not UTF-8");
  return user;
}

// The same for a list, which shows a damaged row by its name alone: in no role, which gives no right.
v1::User ReadListedUser(Connection& connection, Query& query) {
  absl::StatusOr<v1::User> user = ReadUser(connection, query);
  if (user.ok()) return *std::move(user);
  v1::User damaged;
  damaged.set_name(ReplaceInvalidUtf8(NameOf(query.Text(0))));
  *damaged.mutable_create_time() = TimestampFromNanos(query.Int(2));
  damaged.set_disabled(true);
  return damaged;
}

}  // namespace

absl::StatusOr<v1::User> SqliteUsers::Get(const std::string& user) {
  return connection_.Guard([&]() -> absl::StatusOr<v1::User> {
    Query query(connection_, absl::StrCat("SELECT ", kUserColumns, " FROM users WHERE name = ?"));
    query.Bind(user);
    if (!query.Next()) return NotFound("USER_NOT_FOUND", "user", user);
    return ReadUser(connection_, query);
  });
}

absl::StatusOr<std::optional<v1::User>> SqliteUsers::OfUid(uint32_t uid) {
  return connection_.Guard([&]() -> absl::StatusOr<std::optional<v1::User>> {
    Query query(connection_, absl::StrCat("SELECT ", kUserColumns,
                                          " FROM users WHERE name = (SELECT user FROM user_uids WHERE uid = ?)"));
    query.Bind(uid);
    if (!query.Next()) return std::optional<v1::User>();
    SUMSCOPE_ASSIGN_OR_RETURN(v1::User user, ReadUser(connection_, query));
    return std::make_optional(std::move(user));
  });
}

absl::StatusOr<std::optional<v1::User>> SqliteUsers::OfCertificate(const std::string& name) {
  return connection_.Guard([&]() -> absl::StatusOr<std::optional<v1::User>> {
    Query query(connection_,
                absl::StrCat("SELECT ", kUserColumns,
                             " FROM users WHERE name = (SELECT user FROM user_certificates WHERE name = ?)"));
    query.Bind(name);
    if (!query.Next()) return std::optional<v1::User>();
    SUMSCOPE_ASSIGN_OR_RETURN(v1::User user, ReadUser(connection_, query));
    return std::make_optional(std::move(user));
  });
}

absl::StatusOr<UserPage> SqliteUsers::List(uint32_t page_size, const std::string& page_token) {
  constexpr char kQueryHash[] = "users by name";
  PagePosition position{std::string(), ""};
  if (!page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(position, DecodePageToken(seal_, kQueryHash, page_token));
  }
  return connection_.Guard([&]() -> absl::StatusOr<UserPage> {
    UserPage page;
    std::string last;
    Query query(connection_, absl::StrCat("SELECT ", kUserColumns, " FROM users WHERE name > ? ORDER BY name LIMIT ?"));
    query.Bind(position.id, page_size + 1);
    while (query.Next()) {
      if (page.users.size() == page_size) {
        page.next_page_token = EncodePageToken(seal_, kQueryHash, {std::string(), last});
        break;
      }
      page.users.push_back(ReadListedUser(connection_, query));
      last = query.Text(0);
    }
    return page;
  });
}

absl::StatusOr<uint64_t> SqliteUsers::Count() {
  return connection_.Guard([&]() -> absl::StatusOr<uint64_t> {
    Query query(connection_, "SELECT count(*) FROM users");
    query.Next();
    return static_cast<uint64_t>(query.Int(0));
  });
}

absl::StatusOr<uint64_t> SqliteUsers::CountAdmins() {
  return connection_.Guard([&]() -> absl::StatusOr<uint64_t> {
    Query query(connection_,
                "SELECT count(*) FROM users WHERE role = 'ADMIN' AND NOT disabled AND (EXISTS (SELECT 1 FROM user_uids "
                "WHERE user = users.name) OR EXISTS (SELECT 1 FROM user_certificates WHERE user = users.name))");
    query.Next();
    return static_cast<uint64_t>(query.Int(0));
  });
}

absl::Status SqliteUsers::Insert(const v1::User& user) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, CheckedId(user));
  return connection_.Guard([&]() -> absl::Status {
    Query found(connection_, "SELECT 1 FROM users WHERE name = ?");
    if (found.Bind(id).Next()) {
      return MakeError(
          absl::StatusCode::kAlreadyExists, "USER_EXISTS",
          absl::StrCat("there is a user ", Quote(id), " already; choose another name, or change that one"));
    }
    Query(connection_, "INSERT INTO users (name, role, create_time, disabled, disable_time) VALUES (?, ?, ?, ?, ?)")
        .Bind(id, v1::Role_Name(user.role()), ToNanos(user.create_time()), user.disabled(), DisableTime(user))
        .Run();
    return PutNames(id, user);
  });
}

absl::Status SqliteUsers::Update(const v1::User& user) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, CheckedId(user));
  return connection_.Guard([&]() -> absl::Status {
    Query found(connection_, "SELECT 1 FROM users WHERE name = ?");
    if (!found.Bind(id).Next()) return NotFound("USER_NOT_FOUND", "user", id);
    Query(connection_, "UPDATE users SET role = ?, disabled = ?, disable_time = ? WHERE name = ?")
        .Bind(v1::Role_Name(user.role()), user.disabled(), DisableTime(user), id)
        .Run();
    return PutNames(id, user);
  });
}

absl::Status SqliteUsers::PutNames(const std::string& id, const v1::User& user) {
  Query(connection_, "DELETE FROM user_uids WHERE user = ?").Bind(id).Run();
  for (const uint32_t uid : user.local_uids()) {
    Query taken(connection_, "SELECT user FROM user_uids WHERE uid = ?");
    if (!taken.Bind(uid).Next()) {
      Query(connection_, "INSERT INTO user_uids (uid, user) VALUES (?, ?)").Bind(uid, id).Run();
    } else if (taken.Text(0) != id) {
      return MakeError(absl::StatusCode::kAlreadyExists, "UID_TAKEN",
                       absl::StrCat("uid ", uid, " is user ", Quote(taken.Text(0)), "; a uid is one user's"));
    }
  }
  Query(connection_, "DELETE FROM user_certificates WHERE user = ?").Bind(id).Run();
  for (const std::string& name : user.certificate_names()) {
    Query taken(connection_, "SELECT user FROM user_certificates WHERE name = ?");
    if (!taken.Bind(name).Next()) {
      Query(connection_, "INSERT INTO user_certificates (name, user) VALUES (?, ?)").Bind(name, id).Run();
    } else if (taken.Text(0) != id) {
      return MakeError(absl::StatusCode::kAlreadyExists, "CERTIFICATE_TAKEN",
                       absl::StrCat("certificate name ", Quote(name), " is user ", Quote(taken.Text(0)),
                                    "; a certificate name is one user's"));
    }
  }
  return absl::OkStatus();
}

}  // namespace sumscope::storage

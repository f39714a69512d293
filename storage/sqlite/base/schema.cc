#include "storage/sqlite/base/schema.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/base/query.h"

namespace sumscope::storage {

absl::StatusOr<int> CheckSchema(Connection& connection, const Schema& schema) {
  return connection.Guard([&]() -> absl::StatusOr<int> {
    const int64_t application_id = connection.Pragma("application_id");
    const int64_t version = connection.Pragma("user_version");
    if (application_id == 0 && version == 0) {
      Query tables(connection, "SELECT 1 FROM sqlite_schema LIMIT 1");
      if (!tables.Next()) return 0;
    }
    if (application_id != schema.application_id || version < 1) {
      return connection.Corrupt(absl::StrCat("it is a database of another kind (application_id ", application_id,
                                             ", version ", version, ")"));
    }
    if (version > schema.version()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "SCHEMA_NEWER",
                       absl::StrCat(connection.file().path, " has schema version ", version,
                                    " and this program knows versions up to ", schema.version(),
                                    ": it was written by a newer Sumscope; use that one"));
    }
    return static_cast<int>(version);
  });
}

void ApplyMigrations(Connection& connection, const Schema& schema, int from_version) {
  for (int version = from_version; version < schema.version(); ++version) {
    connection.Execute(schema.migrations[version]);
  }
  connection.Execute(absl::StrCat("PRAGMA application_id=", schema.application_id));
  connection.Execute(absl::StrCat("PRAGMA user_version=", schema.version()));
}

absl::Status Migrate(Connection& connection, const Schema& schema) {
  SUMSCOPE_ASSIGN_OR_RETURN(const int found, CheckSchema(connection, schema));
  if (found == schema.version()) return absl::OkStatus();
  return connection.Transaction("BEGIN IMMEDIATE", [&](Connection&) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const int version, CheckSchema(connection, schema));
    return connection.Guard([&] {
      if (version < schema.version()) ApplyMigrations(connection, schema, version);
      return absl::OkStatus();
    });
  });
}

}  // namespace sumscope::storage

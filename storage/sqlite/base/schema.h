#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_SCHEMA_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_SCHEMA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The numbered forward migrations of one kind of database: migrations[i] leads from version i to version i + 1
// (`PRAGMA user_version`). `application_id` tells our files from others and the kinds from each other.
struct Schema {
  int32_t application_id = 0;
  std::vector<std::string> migrations;
  // A write to a file that is not there creates it (the catalog); else such a write is an error.
  bool created_by_write = false;
  int version() const { return static_cast<int>(migrations.size()); }
};

// The schemas embedded from schema/NNNN_{catalog,run,capture}_*.sql. Never deleted.
const Schema& CatalogSchema();
const Schema& RunFileSchema();
const Schema& CaptureFileSchema();

// The version a connection's database has; 0 when it is new and empty. DATA_LOSS when it is not one of ours;
// FAILED_PRECONDITION SCHEMA_NEWER when a newer Sumscope wrote it.
absl::StatusOr<int> CheckSchema(Connection& connection, const Schema& schema);

// Brings the database up to date in one transaction; does nothing when it is. Errors as CheckSchema.
absl::Status Migrate(Connection& connection, const Schema& schema);

// The steps of Migrate inside a transaction of the caller's. Throws SQLite::Exception.
void ApplyMigrations(Connection& connection, const Schema& schema, int from_version);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_SCHEMA_H_

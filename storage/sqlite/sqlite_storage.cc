#include "storage/sqlite/sqlite_storage.h"

#include <utility>

#include "proto/contract/base/status_macros.h"
#include "storage/sqlite/base/files.h"
#include "storage/sqlite/catalog/sqlite_catalog.h"
#include "storage/sqlite/run_file/sqlite_run_files.h"

namespace sumscope::storage {

absl::StatusOr<Storage> OpenSqliteStorage(const std::string& directory, Catalog::LegalTransition legal, Clock* clock) {
  SUMSCOPE_RETURN_IF_ERROR(MakeDirectory(directory));
  SUMSCOPE_RETURN_IF_ERROR(MakeDirectory(directory + "/runs"));
  Storage storage;
  SUMSCOPE_ASSIGN_OR_RETURN(storage.catalog, SqliteCatalog::Open(directory + "/catalog.db", std::move(legal), clock));
  storage.run_files = std::make_unique<SqliteRunFiles>(directory);
  return storage;
}

absl::StatusOr<Storage> OpenInMemoryStorage(Catalog::LegalTransition legal, Clock* clock) {
  Storage storage;
  SUMSCOPE_ASSIGN_OR_RETURN(storage.catalog, SqliteCatalog::Open("", std::move(legal), clock));
  storage.run_files = std::make_unique<SqliteRunFiles>("");
  return storage;
}

}  // namespace sumscope::storage

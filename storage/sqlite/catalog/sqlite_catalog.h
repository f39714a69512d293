#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_SQLITE_CATALOG_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_SQLITE_CATALOG_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/text/token_seal.h"
#include "storage/catalog/catalog.h"
#include "storage/sqlite/base/database.h"

namespace sumscope::storage {

// catalog.db. Thread-safe.
class SqliteCatalog final : public Catalog {
 public:
  // Creates or migrates the file at once; an empty path is a catalog in memory. CATALOG_CORRUPT, SCHEMA_NEWER,
  // DATA_DIRECTORY_NOT_WRITABLE, DISK_FULL. `clock` and `env` outlive it.
  static absl::StatusOr<std::unique_ptr<SqliteCatalog>> Open(const std::string& path, LegalTransition legal,
                                                             Clock* clock, Env* env);

  using Catalog::Write;
  absl::Status Write(const Actor& actor, const std::function<absl::Status(CatalogTransaction&)>& body) override;
  absl::Status Read(const std::function<absl::Status(CatalogReader&)>& body) override;
  int schema_version() const override;

 private:
  SqliteCatalog(const std::string& path, LegalTransition legal, Clock* clock, Env* env);

  Database database_;
  const LegalTransition legal_;
  Clock* const clock_;
  TokenSeal seal_ = TokenSeal::Random();  // set by Open, to the one whose key is stored
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_SQLITE_CATALOG_H_

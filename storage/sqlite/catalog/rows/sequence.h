#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_SEQUENCE_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_SEQUENCE_H_

#include <cstdint>

#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// A number above all that were given before, in this catalog, ever. Throws SQLite::Exception: use inside Guard.
int64_t NextSequence(Connection& connection);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_SEQUENCE_H_

#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_COLUMNS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_COLUMNS_H_

#include <set>
#include <string>

#include "absl/strings/string_view.h"

namespace sumscope::storage {

// Parts of statements over lists of columns.

// "a = excluded.a, b = excluded.b" of those of "id, a, b" that are no key.
std::string TakeOver(absl::string_view columns, const std::set<absl::string_view>& keys);

// "?, ?, ?"
std::string Marks(int count);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_COLUMNS_H_

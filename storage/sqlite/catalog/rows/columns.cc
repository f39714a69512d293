#include "storage/sqlite/catalog/rows/columns.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sumscope::storage {

std::string TakeOver(absl::string_view columns, const std::set<absl::string_view>& keys) {
  std::string update;
  for (const absl::string_view column : absl::StrSplit(columns, ", ")) {
    if (keys.count(column) > 0) continue;
    absl::StrAppend(&update, update.empty() ? "" : ", ", column, " = excluded.", column);
  }
  return update;
}

std::string Marks(int count) {
  std::string marks = "?";
  for (int i = 1; i < count; ++i) marks += ", ?";
  return marks;
}

}  // namespace sumscope::storage

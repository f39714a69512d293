#ifndef SUMSCOPE_STORAGE_FILTER_H_
#define SUMSCOPE_STORAGE_FILTER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::storage {

enum class FilterOperator { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kHas };

// What stands right of an operator, unescaped.
struct FilterValue {
  std::string text;
  bool quoted = false;
  std::vector<size_t> wildcards;  // positions in `text` of each '*' that was not escaped
  size_t column = 0;
};

// A node of a parsed filter. AND and OR have two or more children, NOT has one.
struct FilterNode {
  enum class Kind { kAnd, kOr, kNot, kComparison };
  Kind kind = Kind::kComparison;
  std::vector<FilterNode> children;
  // Of a comparison.
  std::vector<std::string> field;  // labels.purpose -> {"labels", "purpose"}
  FilterOperator op = FilterOperator::kEqual;
  FilterValue value;
  size_t column = 0;  // 1-based, in characters, of the field
};

// Parses an AIP-160 filter: comparisons `field op value` with = != < <= > >= and `:` (has), joined by AND (or a blank),
// OR and NOT or '-'; OR binds tighter than AND. Strings in "" or '' with \ escapes; `*` in them is a wildcard. nullopt
// for a blank filter. INVALID_ARGUMENT FILTER_INVALID with the column; at most limits::kMaxFilterLength bytes,
// limits::kMaxFilterDepth levels.
absl::StatusOr<std::optional<FilterNode>> ParseFilter(absl::string_view filter);

// INVALID_ARGUMENT FILTER_INVALID on field "filter": "column 7: ...".
absl::Status FilterError(size_t column, absl::string_view message);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_FILTER_H_

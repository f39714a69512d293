#include "storage/sqlite/filter/filter_sql.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

using Type = FilterField::Type;

const char* Symbol(FilterOperator op) {
  switch (op) {
    case FilterOperator::kNotEqual:
      return "<>";
    case FilterOperator::kLess:
      return "<";
    case FilterOperator::kLessEqual:
      return "<=";
    case FilterOperator::kGreater:
      return ">";
    case FilterOperator::kGreaterEqual:
      return ">=";
    case FilterOperator::kEqual:
    case FilterOperator::kHas:
      break;
  }
  return "=";
}

bool IsOrdering(FilterOperator op) {
  return op != FilterOperator::kEqual && op != FilterOperator::kNotEqual && op != FilterOperator::kHas;
}

// The pattern of SQLite's GLOB in which only the wildcards are special.
std::string GlobPattern(const FilterValue& value) {
  std::string pattern;
  size_t next = 0;
  for (size_t i = 0; i < value.text.size(); ++i) {
    const char c = value.text[i];
    if (next < value.wildcards.size() && value.wildcards[next] == i) {
      ++next;
      pattern.push_back('*');
    } else if (c == '*' || c == '?' || c == '[') {
      absl::StrAppend(&pattern, "[", absl::string_view(&c, 1), "]");
    } else {
      pattern.push_back(c);
    }
  }
  return pattern;
}

// As proto JSON writes a double, so that equal numbers are equal texts and SQLite reads both alike.
std::string JsonDouble(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.15g", value);
  if (std::strtod(text, nullptr) != value) std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

absl::Status WrongType(const FilterField& field, const FilterValue& value, absl::string_view expected) {
  return FilterError(value.column,
                     absl::StrCat(Quote(value.text), " is no value of ", field.name, ": expected ", expected));
}

SqlCondition Compare(const FilterField& field, FilterOperator op, SqlValue value) {
  return {absl::StrCat(field.sql, " ", Symbol(op), " ?"), {std::move(value)}};
}

// What may stand before the id in a value of that type.
absl::string_view CollectionOf(Type type) {
  return type == Type::kName ? "runs/" : type == Type::kSweepName ? "sweeps/" : "";
}

bool IsText(Type type) {
  return type == Type::kText || type == Type::kName || type == Type::kSweepName || type == Type::kTextOrNumber;
}

absl::StatusOr<SqlCondition> TextCondition(const FilterField& field, FilterOperator op, FilterValue value) {
  const absl::string_view collection = CollectionOf(field.type);
  if (!collection.empty() && absl::StartsWith(value.text, collection)) {
    value.text.erase(0, collection.size());
    for (size_t& wildcard : value.wildcards) wildcard -= collection.size();
  }
  if (op == FilterOperator::kHas && value.wildcards.empty()) {
    return SqlCondition{absl::StrCat("instr(", field.sql, ", ?) > 0"), {value.text}};
  }
  if (value.wildcards.empty() || IsOrdering(op)) return Compare(field, op, value.text);
  return SqlCondition{absl::StrCat(field.sql, op == FilterOperator::kNotEqual ? " NOT GLOB ?" : " GLOB ?"),
                      {GlobPattern(value)}};
}

bool IsPresenceTest(const FilterNode& node) {
  return node.op == FilterOperator::kHas && node.value.text == "*" && !node.value.wildcards.empty();
}

// Of a text that not everybody sees.
absl::StatusOr<SqlCondition> SeenTextCondition(const FilterField& field, const FilterNode& node) {
  FilterField shown = field;
  const bool presence = IsPresenceTest(node);
  // What is not seen is '', which equals no other text: so the column itself is compared, for which there is an index.
  const bool none_is_empty = presence || (node.op == FilterOperator::kEqual && node.value.wildcards.empty() &&
                                          !node.value.text.empty() && node.value.text != CollectionOf(field.type));
  if (!none_is_empty) shown.sql = absl::StrCat("iif(", field.seen.sql, ", ", field.sql, ", '')");
  SqlCondition condition{absl::StrCat(shown.sql, " <> ''"), {}};
  if (!presence) {
    SUMSCOPE_ASSIGN_OR_RETURN(condition, TextCondition(shown, node.op, node.value));
  }
  if (none_is_empty) condition.sql = absl::StrCat("(", condition.sql, " AND ", field.seen.sql, ")");
  const auto at = none_is_empty ? condition.parameters.end() : condition.parameters.begin();
  condition.parameters.insert(at, field.seen.parameters.begin(), field.seen.parameters.end());
  return condition;
}

absl::StatusOr<SqlCondition> EnumCondition(const FilterField& field, FilterOperator op, const FilterValue& value) {
  const auto name = EnumValueName(*field.values, value.text);
  if (!name.has_value()) {
    return WrongType(field, value, absl::StrCat("one of ", EnumValueList(*field.values)));
  }
  return Compare(field, op, *name);
}

absl::StatusOr<SqlCondition> BoolCondition(const FilterField& field, FilterOperator op, const FilterValue& value) {
  if (value.text != "true" && value.text != "false") return WrongType(field, value, "true or false");
  return Compare(field, op, int64_t{value.text == "true"});
}

absl::StatusOr<SqlCondition> IntegerCondition(const FilterField& field, FilterOperator op, const FilterValue& value) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(value.text, &number)) return WrongType(field, value, "an integer");
  return Compare(field, op, number);
}

// Decimal texts without leading zeros order as (length, text): exact over all 64 bits.
absl::StatusOr<SqlCondition> UnsignedCondition(const FilterField& field, FilterOperator op, const FilterValue& value) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(value.text, &number)) return WrongType(field, value, "an integer from 0 on");
  const std::string text = absl::StrCat(number);
  return SqlCondition{absl::StrCat("(length(", field.sql, "), ", field.sql, ") ", Symbol(op), " (?, ?)"),
                      {static_cast<int64_t>(text.size()), text}};
}

absl::StatusOr<SqlCondition> RealCondition(const FilterField& field, FilterOperator op, const FilterValue& value) {
  double number = 0;
  if (!absl::SimpleAtod(value.text, &number) || std::isnan(number)) return WrongType(field, value, "a number");
  if (field.type == Type::kReal) return Compare(field, op, number);
  if (std::isinf(number)) return WrongType(field, value, "a finite number");
  return SqlCondition{absl::StrCat(field.sql, " ", Symbol(op), " CAST(? AS REAL)"), {JsonDouble(number)}};
}

// Only decimal numbers count: SQLite's CAST makes 0 of any text.
absl::StatusOr<SqlCondition> TextOrNumberCondition(const FilterField& field, FilterOperator op,
                                                   const FilterValue& value) {
  double number = 0;
  if (!IsOrdering(op) || !absl::SimpleAtod(value.text, &number) || !std::isfinite(number)) {
    return TextCondition(field, op, value);
  }
  const std::string is_number = absl::StrCat(field.sql, " GLOB '*[0-9]*' AND ", field.sql, " NOT GLOB '*[^0-9.]*' AND ",
                                             field.sql, " NOT GLOB '*.*.*'");
  return SqlCondition{
      absl::StrCat("(", is_number, " AND CAST(", field.sql, " AS REAL) ", Symbol(op), " CAST(? AS REAL))"),
      {JsonDouble(number)}};
}

// A date is its whole day, as for `gh`: later than 2026-11-22 is from the 23rd on, up to it is to the day's end.
SqlCondition DayCondition(const FilterField& field, FilterOperator op, absl::Time day) {
  const int64_t first = ToNanos(day), next = ToNanos(day + absl::Hours(24));
  switch (op) {
    case FilterOperator::kLess:
    case FilterOperator::kGreaterEqual:
      return Compare(field, op, first);
    case FilterOperator::kLessEqual:
      return Compare(field, FilterOperator::kLess, next);
    case FilterOperator::kGreater:
      return Compare(field, FilterOperator::kGreaterEqual, next);
    case FilterOperator::kNotEqual:
      return {absl::StrCat("(", field.sql, " < ? OR ", field.sql, " >= ?)"), {first, next}};
    case FilterOperator::kEqual:
    case FilterOperator::kHas:
      break;
  }
  return {absl::StrCat("(", field.sql, " >= ? AND ", field.sql, " < ?)"), {first, next}};
}

absl::StatusOr<SqlCondition> TimeCondition(const FilterField& field, FilterOperator op, const FilterValue& value) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime("%Y-%m-%d", value.text, &time, &error)) {
    // Outside of what a column holds there is nothing, and nothing to count with.
    const int64_t year = absl::ToCivilYear(time, absl::UTCTimeZone()).year();
    if (year >= 1970 && year < 2200) return DayCondition(field, op, time);
  }
  if (!absl::ParseTime(absl::RFC3339_full, value.text, &time, &error)) {
    return WrongType(field, value,
                     "a day, \"2026-11-24\", a time as RFC 3339 writes it, \"2026-11-24T10:00:00Z\", or how "
                     "long ago, -7d, in s, m, h, d or w");
  }
  return Compare(field, op, ToNanos(time));
}

absl::StatusOr<SqlCondition> FieldCondition(const FilterField& field, const FilterNode& node) {
  if (!field.seen.sql.empty()) return SeenTextCondition(field, node);
  if (IsPresenceTest(node)) {
    return SqlCondition{absl::StrCat(field.sql, IsText(field.type) ? " <> ''" : " IS NOT NULL"), {}};
  }
  switch (field.type) {
    case Type::kText:
    case Type::kName:
    case Type::kSweepName:
      return TextCondition(field, node.op, node.value);
    case Type::kTextOrNumber:
      return TextOrNumberCondition(field, node.op, node.value);
    case Type::kEnum:
    case Type::kBool:
      if (IsOrdering(node.op)) {
        return FilterError(node.column, absl::StrCat(field.name, " has no order: use =, != or :"));
      }
      return field.type == Type::kEnum ? EnumCondition(field, node.op, node.value)
                                       : BoolCondition(field, node.op, node.value);
    case Type::kInteger:
      return IntegerCondition(field, node.op, node.value);
    case Type::kJsonUnsigned:
      return UnsignedCondition(field, node.op, node.value);
    case Type::kReal:
    case Type::kJsonReal:
      return RealCondition(field, node.op, node.value);
    case Type::kTime:
      break;
  }
  return TimeCondition(field, node.op, node.value);
}

// labels.{key}: one row per label. Through IN, so that the index over (key, value) can answer.
absl::StatusOr<SqlCondition> LabelCondition(const std::string& key, const FilterNode& node) {
  if (IsPresenceTest(node)) return SqlCondition{"id IN (SELECT run FROM labels WHERE key = ?)", {key}};
  const FilterField value_column{absl::StrCat("labels.", key), Type::kText, "value"};
  SUMSCOPE_ASSIGN_OR_RETURN(SqlCondition condition, TextCondition(value_column, node.op, node.value));
  condition.sql = absl::StrCat("id IN (SELECT run FROM labels WHERE key = ? AND ", condition.sql, ")");
  condition.parameters.insert(condition.parameters.begin(), key);
  return condition;
}

bool NamesLabel(const FilterWhitelist& known, const FilterNode& node) {
  return node.field.size() >= known.labels.size() &&
         std::equal(known.labels.begin(), known.labels.end(), node.field.begin());
}

absl::StatusOr<SqlCondition> ComparisonCondition(const FilterNode& node, const FilterWhitelist& known) {
  if (NamesLabel(known, node)) {
    const auto key = node.field.begin() + static_cast<std::ptrdiff_t>(known.labels.size());
    if (key != node.field.end()) return LabelCondition(absl::StrJoin(key, node.field.end(), "."), node);
    if (node.op == FilterOperator::kHas && node.value.wildcards.empty()) {  // labels:purpose
      return SqlCondition{"id IN (SELECT run FROM labels WHERE key = ?)", {node.value.text}};
    }
    const std::string labels = absl::StrJoin(known.labels, ".");
    return FilterError(node.column,
                       absl::StrCat("name a label: ", labels, ".KEY = VALUE, or ", labels, ":KEY for its presence"));
  }
  const std::string name = absl::StrJoin(node.field, ".");
  for (const FilterField& field : known.fields) {
    if (field.name == name) return FieldCondition(field, node);
  }
  return FilterError(node.column, absl::StrCat("unknown field ", Quote(name), "; the nearest is \"",
                                               NearestFilterField(known, name), "\""));
}

size_t Depth(const FilterNode& node) {
  size_t deepest = 0;
  for (const FilterNode& child : node.children) deepest = std::max(deepest, Depth(child));
  return deepest + 1;
}

}  // namespace

absl::StatusOr<SqlCondition> FilterToSql(const FilterNode& filter, const FilterWhitelist& known) {
  using Kind = FilterNode::Kind;
  if (filter.kind == Kind::kComparison) return ComparisonCondition(filter, known);
  std::vector<std::pair<size_t, SqlCondition>> parts;  // with the depth of each
  for (const FilterNode& child : filter.children) {
    SUMSCOPE_ASSIGN_OR_RETURN(SqlCondition part, FilterToSql(child, known));
    const bool binds_looser = filter.kind == Kind::kNot || (filter.kind == Kind::kAnd && child.kind == Kind::kOr);
    if (binds_looser) part.sql = absl::StrCat("(", part.sql, ")");
    parts.emplace_back(Depth(child), std::move(part));
  }
  // SQLite's parser keeps what stands left of an open parenthesis on a stack of 100, which kMaxFilterDepth levels would
  // fill: the deepest comes first, with few parentheses.
  std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  const char* separator = filter.kind == Kind::kOr ? " OR " : " AND ";
  SqlCondition result;
  for (const auto& [depth, part] : parts) {
    absl::StrAppend(&result.sql, result.sql.empty() ? "" : separator, part.sql);
    result.parameters.insert(result.parameters.end(), part.parameters.begin(), part.parameters.end());
  }
  // A comparison with an absent value is NULL in SQL, which is as good as false but under a NOT.
  if (filter.kind == Kind::kNot) absl::StrAppend(&result.sql, " IS NOT TRUE");
  return result;
}

}  // namespace sumscope::storage

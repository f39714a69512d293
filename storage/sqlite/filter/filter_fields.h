#ifndef SUMSCOPE_STORAGE_SQLITE_FILTER_FILTER_FIELDS_H_
#define SUMSCOPE_STORAGE_SQLITE_FILTER_FILTER_FIELDS_H_

#include <google/protobuf/descriptor.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/sqlite/base/query.h"

namespace sumscope::storage {

// A condition over the tables of a whitelist; values are bound in order, never part of the text.
struct SqlCondition {
  std::string sql;
  std::vector<SqlValue> parameters;
};

// One field that a filter may name, and the SQL expression it stands for.
struct FilterField {
  enum class Type {
    kText,
    kName,          // text; also written runs/{run}
    kSweepName,     // text; also written sweeps/{sweep}
    kTextOrNumber,  // text; < <= > >= against a number compare those texts that are numbers
    kInteger,
    kReal,
    kBool,
    kTime,
    kEnum,          // stored by name
    kJsonUnsigned,  // uint64 that proto JSON writes as text
    kJsonReal
  };
  std::string name;
  Type type = Type::kText;
  std::string sql;
  const google::protobuf::EnumDescriptor* values = nullptr;  // of kEnum
  SqlCondition seen = {};  // of kSweepName: where it is false the value is ''; without text it always holds
};

// Everything that the filter of one list may name.
struct FilterWhitelist {
  std::vector<FilterField> fields;
  std::vector<std::string> labels;  // what stands before a label's key: {"labels"}, {"run", "labels"}
};

// Of ListRuns, over the table `runs`; `sweep_is_seen` says whether who asks may see the sweep of a row.
FilterWhitelist RunFilterFields(SqlCondition sweep_is_seen);
// Of ListFacts, over `node_facts` joined with `runs`. Never deleted.
const FilterWhitelist& FactFilterFields();

// The known field (or "labels.KEY") nearest to `name`.
std::string NearestFilterField(const FilterWhitelist& known, absl::string_view name);

// The stored name of an enum value: "SCHEDULE_PAPER1" for schedule_paper1 and paper1. nullopt for an unknown one.
std::optional<std::string> EnumValueName(const google::protobuf::EnumDescriptor& values, absl::string_view text);
// "paper1, paper2"
std::string EnumValueList(const google::protobuf::EnumDescriptor& values);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_FILTER_FILTER_FIELDS_H_

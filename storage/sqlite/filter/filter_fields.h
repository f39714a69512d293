#ifndef SUMSCOPE_STORAGE_SQLITE_FILTER_FILTER_FIELDS_H_
#define SUMSCOPE_STORAGE_SQLITE_FILTER_FILTER_FIELDS_H_

#include <google/protobuf/descriptor.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sumscope::storage {

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
};

// Everything that the filter of one list may name.
struct FilterWhitelist {
  std::vector<FilterField> fields;
  std::vector<std::string> labels;  // what stands before a label's key: {"labels"}, {"run", "labels"}
};

// Of ListRuns, over the table `runs`; of ListFacts, over `node_facts` joined with `runs`. Never deleted.
const FilterWhitelist& RunFilterFields();
const FilterWhitelist& FactFilterFields();

// The known field (or "labels.KEY") nearest to `name`.
std::string NearestFilterField(const FilterWhitelist& known, absl::string_view name);

// The stored name of an enum value: "SCHEDULE_PAPER1" for schedule_paper1 and paper1. nullopt for an unknown one.
std::optional<std::string> EnumValueName(const google::protobuf::EnumDescriptor& values, absl::string_view text);
// "paper1, paper2"
std::string EnumValueList(const google::protobuf::EnumDescriptor& values);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_FILTER_FILTER_FIELDS_H_

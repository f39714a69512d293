#ifndef SUMSCOPE_PROTO_CONTRACT_RESULTS_RUN_LIST_FIELDS_H_
#define SUMSCOPE_PROTO_CONTRACT_RESULTS_RUN_LIST_FIELDS_H_

#include <string>
#include <vector>

namespace sumscope {

// A field that the filter of ListRuns takes.
struct RunListField {
  std::string name;
  std::string takes;    // text, number, time, true or false, or the values
  bool orders = false;  // order_by takes it too
  std::string meaning;
};

// Every one of them, those of the spec last. labels.KEY stands for any label. Storage holds the columns to this list by
// a test.
const std::vector<RunListField>& RunListFields();

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_RESULTS_RUN_LIST_FIELDS_H_

#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_LABELS_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_LABELS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/map.h"

namespace sumscope::client {

// key=value,key=value, by key, without the label `but`. A comma or a backslash within a value has a backslash before
// it: what stands between two commas without is one label.
std::string LabelsText(const google::protobuf::Map<std::string, std::string>& labels, absl::string_view but = "");

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_LABELS_H_

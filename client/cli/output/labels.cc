#include "client/cli/output/labels.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace sumscope::client {

std::string LabelsText(const google::protobuf::Map<std::string, std::string>& labels, absl::string_view but) {
  std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  sorted.erase(std::string(but));
  return absl::StrJoin(sorted, ",", [](std::string* out, const auto& label) {
    absl::StrAppend(out, label.first, "=", absl::StrReplaceAll(label.second, {{"\\", "\\\\"}, {",", "\\,"}}));
  });
}

}  // namespace sumscope::client

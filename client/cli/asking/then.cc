#include "client/cli/asking/then.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/probe/probes.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {

absl::StatusOr<std::vector<v1::AnalysisRequest>> ParseThen(const std::string& then) {
  std::set<std::string> known;
  for (const Probe* const probe : AllProbes()) {
    if (probe->follows_training()) known.insert(std::string(probe->name()));
  }
  std::vector<v1::AnalysisRequest> requests;
  for (const absl::string_view name : absl::StrSplit(then, ',', absl::SkipEmpty())) {
    const std::string kind = absl::StrReplaceAll(name, {{"-", "_"}});
    if (known.count(kind) == 0) {
      return InvalidField("USAGE", "then",
                          absl::StrCat("--then knows ", absl::StrReplaceAll(absl::StrJoin(known, ", "), {{"_", "-"}}),
                                       ", not ", Quote(name)));
    }
    v1::AnalysisRequest& request = requests.emplace_back();
    request.GetReflection()->MutableMessage(&request, request.GetDescriptor()->FindFieldByName(kind));
  }
  return requests;
}

}  // namespace sumscope::client

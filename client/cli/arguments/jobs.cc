#include "client/cli/arguments/jobs.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/arguments/names.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

// As the server makes them: j and 7 characters of base32.
bool LooksLikeJob(absl::string_view word) {
  constexpr size_t kLength = 8;
  return word.size() == kLength && word[0] == 'j' && ParseJobName(JobName(word)).ok();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> JobNamesOf(absl::string_view text) {
  if (absl::StartsWith(text, "jobs/")) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string job, ParseJobName(text));
    return std::vector<std::string>{JobName(job)};
  }
  const absl::string_view rest = absl::StripPrefix(text, "runs/");
  const std::vector<std::string> parts = absl::StrSplit(rest, '/');
  if (parts.size() == 1) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string run, RunNameOf(text));
    if (rest == text && LooksLikeJob(rest)) return std::vector<std::string>{JobName(rest), run};
    return std::vector<std::string>{run};
  }
  // RUN/ID, RUN/analyses/ID.
  const bool is_analysis = parts.size() == 2 || (parts.size() == 3 && parts[1] == "analyses");
  const std::string name = absl::StrCat("runs/", parts.front(), "/analyses/", parts.back());
  if (is_analysis && ParseAnalysisName(name).ok()) return std::vector<std::string>{name};
  return InvalidField("RESOURCE_NAME_INVALID", "name", absl::StrCat(Quote(text), " is none: give ", kJobArgument));
}

absl::StatusOr<std::string> SweepNameOf(absl::string_view text) {
  const std::string name = absl::StrCat("sweeps/", absl::StripPrefix(text, "sweeps/"));
  if (ParseSweepName(name).ok()) return name;
  return InvalidField("RESOURCE_NAME_INVALID", "name",
                      absl::StrCat(Quote(text), " is no sweep: give an id like s4t1b8xe, its beginning, or @last"));
}

absl::StatusOr<v1::Priority> ParsePriority(absl::string_view text) {
  if (text.empty()) return v1::PRIORITY_UNSPECIFIED;
  for (const auto& [name, priority] :
       {std::pair<absl::string_view, v1::Priority>{"low", v1::LOW}, {"normal", v1::NORMAL}, {"high", v1::HIGH}}) {
    if (text == name) return priority;
  }
  return InvalidField("PRIORITY_UNKNOWN", "priority",
                      absl::StrCat(Quote(text), " is no priority; expected low, normal or high"));
}

}  // namespace sumscope::client

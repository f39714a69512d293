#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_JOBS_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_JOBS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::client {

inline constexpr char kJobArgument[] = "a job's id, a run (its training), or RUN/ID of an analysis";

// What JOB of the command line may mean, the likeliest first: jobs/{job}, runs/{run} or runs/{run}/analyses/{analysis}.
// A word that looks like a job's id may be a run's, too. INVALID_ARGUMENT RESOURCE_NAME_INVALID.
absl::StatusOr<std::vector<std::string>> JobNamesOf(absl::string_view text);

// Makes the call with each of the names until one is found; NOT_FOUND as the last one said.
template <typename Answer>
absl::StatusOr<Answer> WithJobName(absl::string_view text,
                                   const std::function<absl::StatusOr<Answer>(const std::string& name)>& call) {
  const absl::StatusOr<std::vector<std::string>> names = JobNamesOf(text);
  if (!names.ok()) return names.status();
  absl::StatusOr<Answer> answer = absl::NotFoundError("");
  for (const std::string& name : *names) {
    answer = call(name);
    if (!absl::IsNotFound(answer.status())) break;
  }
  return answer;
}

// SWEEP of the command line: a full id, a unique prefix or @last, with or without "sweeps/". The server looks it up.
// INVALID_ARGUMENT RESOURCE_NAME_INVALID.
absl::StatusOr<std::string> SweepNameOf(absl::string_view text);

// "low", "normal" or "high"; "" is unspecified. INVALID_ARGUMENT PRIORITY_UNKNOWN.
absl::StatusOr<v1::Priority> ParsePriority(absl::string_view text);

// What --priority of commands that queue work says.
inline constexpr char kPriorityHelp[] =
    "low (when nobody else waits; counts half), normal, or high (before all others; for admins, or a few of a member)";

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_JOBS_H_

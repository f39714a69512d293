#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_RUN_VIEW_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_RUN_VIEW_H_

#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/app/session.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::client {

// Runs as `runs list` shows them; ages are counted up to `now`. The column of what they are sorted by, as --sort-by
// says it, is always in view. Else that one, visibility and labels are in wide and csv alone, but for the columns
// named by `also`. The owner of a private run has a "*" behind it.
Document ShowRuns(const Session& session, const std::vector<v1::Run>& runs, absl::Time now,
                  const std::string& sort_by = "", std::set<absl::string_view> also = {});
// One run as the answer of a command that made or changed it, with the labels that it has.
Document ShowRun(const Session& session, const v1::Run& run, absl::Time now, std::set<absl::string_view> also = {});
// Everything about one run, as `runs show` and a dry run show it.
Document ShowRunInFull(const Session& session, const v1::Run& run, const v1::ListCheckpointsResponse& checkpoints,
                       absl::Time now);

// "RUNNING", or with its reason "QUEUED (RESOURCES)".
std::string DescribeState(v1::State state, absl::string_view reason);
// A run's whole spec on lines of "field value", enum values by the names that --set takes. Of an imported run only what
// its weights say: nobody knows how they were trained.
std::string DescribeSpec(const v1::Run& run);
// One field's value in the same way; "" where it is not set or not known.
std::string RunFieldText(const v1::Run& run, const google::protobuf::FieldDescriptor* field);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_RUN_VIEW_H_

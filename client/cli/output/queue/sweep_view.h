#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_QUEUE_SWEEP_VIEW_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_QUEUE_SWEEP_VIEW_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/app/session.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope::client {

// Sweeps as `sweeps list` shows them; times are counted from `now`.
Document ShowSweeps(const Session& session, const std::vector<v1::Sweep>& sweeps, absl::Time now);
// One sweep as the answer of a command that made or changed it.
Document ShowSweep(const Session& session, const v1::Sweep& sweep, absl::Time now);
// Everything about one sweep, as `sweeps show` and a dry run show it.
Document ShowSweepInFull(const Session& session, const v1::Sweep& sweep, absl::Time now);

// "12 of 40 trainings done, 1 failed, 4 running; 20 of 80 analyses done".
std::string TallyText(const v1::Sweep& sweep);
// "RUNNING" of SWEEP_RUNNING; "" where nobody says.
std::string SweepStateText(v1::SweepState state);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_QUEUE_SWEEP_VIEW_H_

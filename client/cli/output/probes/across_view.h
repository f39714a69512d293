#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_ACROSS_VIEW_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_ACROSS_VIEW_H_

#include <string>
#include <vector>

#include "client/cli/app/session.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::client {

// One of the runs that were asked the same.
struct AskedRun {
  v1::Run run;
  v1::Analysis analysis;
};

// A run that gave no answer, and why.
struct LeftOutRun {
  std::string run;     // its id
  std::string reason;  // RUN_HAS_NO_CHECKPOINT
  std::string message;
};

// Mean, spread and "k of m" of those that have a result, with what each of them contributed. The table has what matters
// of the analysis, wide everything.
Document ShowAcross(const Session& session, const std::string& filter, const std::vector<AskedRun>& asked,
                    const std::vector<LeftOutRun>& left_out);

// What each run's analysis would need.
Document ShowPredictions(const Session& session, const std::vector<AskedRun>& asked);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_ACROSS_VIEW_H_

#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_ANALYSIS_VIEW_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_ANALYSIS_VIEW_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/session.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// Analyses as `analyses list` shows them.
Document ShowAnalyses(const Session& session, const std::vector<v1::Analysis>& analyses, absl::Time now);

// One analysis with its result. As JSON {name, analysis, checkpoint, request, question_set, provenance, from_cache,
// result}; one that has no result yet has null there, and its state beside it.
Document ShowAnalysis(const Session& session, const v1::Analysis& analysis, bool from_cache);

// "uniform:10000, seed 0, add".
std::string DescribeQuestions(const v1::QuestionSet& questions);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_ANALYSIS_VIEW_H_

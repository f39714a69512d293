#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_ANALYSIS_VIEW_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_ANALYSIS_VIEW_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/app/session.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// Analyses as `analyses list` shows them.
Document ShowAnalyses(const Session& session, const std::vector<v1::Analysis>& analyses, absl::Time now);

// One analysis with its result; `spec` is its run's, for people. As JSON {name, analysis, checkpoint, request,
// question_set, provenance, from_cache, result}; one that has no result yet has null there, and its state beside it.
Document ShowAnalysis(const Session& session, const v1::Analysis& analysis, const v1::TrainSpec& spec, bool from_cache);

// What a dry run says an analysis would need.
Document ShowPrediction(const Session& session, const v1::Analysis& analysis);

// "uniform:10000, seed 0, add"; "list of 17, add"; a list that the server left out by its hash, "list 37493291dd05,
// add".
std::string DescribeQuestions(const v1::QuestionSet& questions);
// The same for a column of a table that may take `width` columns, 0 for unlimited: without what is usual, and where
// there is a width cut where questions or tasks are spelled out.
std::string BriefQuestions(const v1::QuestionSet& questions, int width);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_ANALYSIS_VIEW_H_

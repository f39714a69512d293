#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_REQUEST_TEXT_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_REQUEST_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// What a request asked beside its questions and beside what its result says itself, as names and values: ("reads",
// "P14L0H1"), ("for", "A2.SC").
std::vector<std::pair<std::string, std::string>> DescribeRequest(const v1::AnalysisRequest& request);

// The questions that a linear probe read, where they are not all that were asked.
std::string UsedQuestions(const v1::Analysis& analysis);

// What tells one request of a kind from the next, in a few words for a list: "P14L0H1 A2.SC"; "" for most kinds.
std::string BriefRequest(const v1::AnalysisRequest& request);

// "none", "mean over the questions", "mean of each class", "2 components".
std::string ReductionText(const v1::CaptureRequest& request);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_REQUEST_TEXT_H_

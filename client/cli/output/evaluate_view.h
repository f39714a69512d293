#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_EVALUATE_VIEW_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_EVALUATE_VIEW_H_

#include <string>

#include "client/cli/output/table.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// An Evaluate result as tables for people; `wide` adds intervals everywhere, cells by column and all worst questions.
std::string EvaluateText(const v1::EvaluateResult& result, bool wide);

// The same in one tidy table, one row a number: section, name, part, count, correct, rate, lower, upper, loss,
// share_expected.
Table EvaluateRows(const v1::EvaluateResult& result);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_EVALUATE_VIEW_H_

#ifndef SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_ABLATED_ROWS_H_
#define SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_ABLATED_ROWS_H_

#include <string>

#include "client/cli/output/table.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// Ablations as CSV: one row for the unablated model (nodes is empty), then one a node set.
Table AblatedRows(const google::protobuf::RepeatedPtrField<std::string>& answer_tokens,
                  const v1::AblationBaseline& unablated,
                  const google::protobuf::RepeatedPtrField<v1::AblatedNodes>& results);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_ABLATED_ROWS_H_

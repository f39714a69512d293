#ifndef SUMSCOPE_CLIENT_CLI_PROBE_PROBES_H_
#define SUMSCOPE_CLIENT_CLI_PROBE_PROBES_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/probe/views/probe.h"

namespace sumscope::client {

// Every kind of analysis, in the order of AnalysisRequest's fields and of help.
const std::vector<const Probe*>& AllProbes();

// The kind called so, "useful_nodes"; null for none.
const Probe* FindProbe(absl::string_view name);
// The kind of the field that is set; null where none is.
const Probe* ProbeOf(const v1::AnalysisRequest& request);
const Probe* ProbeOf(const v1::AnalysisResult& result);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_PROBE_PROBES_H_

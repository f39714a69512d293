#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_VIEWS_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_VIEWS_H_

#include <string>
#include <utility>
#include <vector>

#include "client/cli/output/table.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// What a view needs beside the result.
struct View {
  v1::TrainSpec spec;  // of the run; names what each position holds
  bool wide = false;   // -o wide: everything
  int width = 0;       // columns that tables may take, 0 for unlimited
};

// One result as tables for people. Sentences and "name   value" lines may be wider: see FitLines.
std::string ProbeText(const v1::EvaluateResult& result, const View& view);
std::string ProbeText(const v1::AttentionResult& result, const View& view);
std::string ProbeText(const v1::AblateResult& result, const View& view);
std::string ProbeText(const v1::UsefulNodesResult& result, const View& view);
std::string ProbeText(const v1::PatchResult& result, const View& view);
std::string ProbeText(const v1::SubtasksResult& result, const View& view);
std::string ProbeText(const v1::PcaResult& result, const View& view);
std::string ProbeText(const v1::LinearProbeResult& result, const View& view);
std::string ProbeText(const v1::AttributionResult& result, const View& view);
std::string ProbeText(const v1::PhasesResult& result, const View& view);
std::string ProbeText(const v1::CascadesResult& result, const View& view);
std::string ProbeText(const v1::AlgorithmResult& result, const View& view);
std::string ProbeText(const v1::AskResult& result, const View& view);
std::string ProbeText(const v1::CaptureResult& result, const View& view);  // the two below
std::string ProbeText(const v1::ImportTagsResult& result, const View& view);

// What a capture holds in all, as "name   value" lines that may be aligned with others, and its tensors.
std::vector<std::pair<std::string, std::string>> CapturePairs(const v1::CaptureResult& result, const View& view);
std::string TensorsText(const v1::CaptureResult& result, const View& view);

// The same in one tidy table, one row a number or a few that belong together.
Table ProbeRows(const v1::EvaluateResult& result);
Table ProbeRows(const v1::AttentionResult& result);
Table ProbeRows(const v1::AblateResult& result);
Table ProbeRows(const v1::UsefulNodesResult& result);
Table ProbeRows(const v1::PatchResult& result);
Table ProbeRows(const v1::SubtasksResult& result);
Table ProbeRows(const v1::PcaResult& result);
Table ProbeRows(const v1::LinearProbeResult& result);
Table ProbeRows(const v1::AttributionResult& result);
Table ProbeRows(const v1::PhasesResult& result);
Table ProbeRows(const v1::CascadesResult& result);
Table ProbeRows(const v1::AlgorithmResult& result);
Table ProbeRows(const v1::AskResult& result);
Table ProbeRows(const v1::CaptureResult& result);
Table ProbeRows(const v1::ImportTagsResult& result);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_VIEWS_H_

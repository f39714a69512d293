#ifndef SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_CAPTURE_PARTS_H_
#define SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_CAPTURE_PARTS_H_

#include <string>
#include <utility>
#include <vector>

#include "client/cli/output/table.h"
#include "client/cli/probe/views/view.h"
#include "sumscope/v1/activations.pb.h"

// A capture, which `analyses` show as an answer and `captures` as a thing of its own.
namespace sumscope::client {

// "none", "mean over the questions", "mean of each class", "2 components".
std::string ReductionText(const v1::CaptureRequest& request);

// What a capture holds in all, as "name   value" lines that may be aligned with others, and its tensors.
std::vector<std::pair<std::string, std::string>> CapturePairs(const v1::CaptureResult& result, const View& view);
std::string TensorsText(const v1::CaptureResult& result, const View& view);

// One row a tensor.
Table CaptureRows(const v1::CaptureResult& result);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_CAPTURE_PARTS_H_

#include "client/cli/probe/views/capture_parts.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {

std::string ReductionText(const v1::CaptureRequest& request) {
  switch (request.reduction()) {
    case v1::MEAN_OVER_QUESTIONS:
      return "mean over the questions";
    case v1::MEAN_PER_CLASS:
      return "mean of each class";
    case v1::COMPONENTS:
      return absl::StrCat(request.components(), " components");
    default:
      return "none";
  }
}

std::vector<std::pair<std::string, std::string>> CapturePairs(const v1::CaptureResult& result, const View& view) {
  std::string positions = absl::StrJoin(result.positions(), ", ", [&view](std::string* out, uint32_t position) {
    absl::StrAppend(out, RowText(view, position));
  });
  return {{"size", FormatBytes(result.bytes())},
          {"rows", std::move(positions)},
          {"classes", absl::StrJoin(result.classes(), " ")}};
}

std::string TensorsText(const v1::CaptureResult& result, const View& view) {
  Table table(
      {{"TENSOR"}, {"DTYPE"}, {"SHAPE"}, NumberColumn("SIZE"), NumberColumn("OFFSET", kInWide), {"SHA256", kInWide}});
  for (const v1::CapturedTensor& tensor : result.tensors()) {
    table.AddRow({tensor.name(), tensor.dtype(), absl::StrCat("[", absl::StrJoin(tensor.shape(), ", "), "]"),
                  FormatBytes(tensor.bytes()), absl::StrCat(tensor.offset()), tensor.sha256()});
  }
  std::string text;
  AppendTable(&text, "tensors", table, view);
  return text;
}

Table CaptureRows(const v1::CaptureResult& result) {
  Table table({{"tensor"}, {"dtype"}, {"shape"}, {"bytes"}, {"offset"}, {"sha256"}});
  for (const v1::CapturedTensor& tensor : result.tensors()) {
    table.AddRow({tensor.name(), tensor.dtype(), absl::StrJoin(tensor.shape(), "x"), absl::StrCat(tensor.bytes()),
                  absl::StrCat(tensor.offset()), tensor.sha256()});
  }
  return table;
}

}  // namespace sumscope::client

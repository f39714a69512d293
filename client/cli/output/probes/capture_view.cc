#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {

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

std::string ProbeText(const v1::CaptureResult& result, const View& view) {
  return absl::StrCat(AlignedPairs(CapturePairs(result, view)), TensorsText(result, view));
}

Table ProbeRows(const v1::CaptureResult& result) {
  Table table({{"tensor"}, {"dtype"}, {"shape"}, {"bytes"}, {"offset"}, {"sha256"}});
  for (const v1::CapturedTensor& tensor : result.tensors()) {
    table.AddRow({tensor.name(), tensor.dtype(), absl::StrJoin(tensor.shape(), "x"), absl::StrCat(tensor.bytes()),
                  absl::StrCat(tensor.offset()), tensor.sha256()});
  }
  return table;
}

std::string ProbeText(const v1::ImportTagsResult& result, const View& view) {
  std::string text = absl::StrCat(Counted(static_cast<uint64_t>(result.tags_size()), "tag"), " stored\n");
  Table foreign({{"KIND"}, NumberColumn("TAGS"), {"LIKE", kForPeople, false, /*wrap=*/40}});
  for (const v1::ForeignTags& kind : result.foreign()) {
    foreign.AddRow({kind.kind(), FormatCount(kind.count()), kind.example()});
  }
  AppendTable(&text, "not as our analyses write them: kept and exported as they are", foreign, view);
  if (view.wide) AppendTable(&text, "tags", TagRows(result.tags()), view);
  return text;
}

Table ProbeRows(const v1::ImportTagsResult& result) { return TagRows(result.tags()); }

}  // namespace sumscope::client

// What `sumscope facts import` shows as an answer.
#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

class ImportTagsProbe final : public TypedProbe<v1::ImportTagsRequest, v1::ImportTagsResult> {
  Pairs DoDescribe(const v1::ImportTagsRequest& request) const override { return {{"file", request.file_name()}}; }
  std::string DoText(const v1::ImportTagsResult& result, const View& view) const override {
    std::string text = absl::StrCat(Counted(static_cast<uint64_t>(result.tags_size()), "tag"), " stored\n");
    Table foreign({{"KIND"}, NumberColumn("TAGS"), {"LIKE", kForPeople, false, /*wrap=*/40}});
    for (const v1::ForeignTags& kind : result.foreign()) {
      foreign.AddRow({kind.kind(), FormatCount(kind.count()), kind.example()});
    }
    AppendTable(&text, "not as our analyses write them: kept and exported as they are", foreign, view);
    if (view.wide) AppendTable(&text, "tags", TagRows(result.tags()), view);
    return text;
  }
  Table DoRows(const v1::ImportTagsResult& result) const override { return TagRows(result.tags()); }
};

}  // namespace

const Probe& ProbeImportTags() {
  static const auto* const kProbe = new ImportTagsProbe;
  return *kProbe;
}

}  // namespace sumscope::client

#include "server/jobs/tasks/insert_source.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/text/quote.h"

namespace sumscope::jobs {
namespace {

absl::Status Mismatch(const char* field, const std::string& problem) {
  return InvalidField("INIT_FROM_MISMATCH", absl::StrCat("spec.", field), problem);
}

}  // namespace

absl::StatusOr<CheckpointRef> ParseInitFrom(const std::string& init_from) {
  absl::string_view text = absl::StripPrefix(init_from, "runs/");
  CheckpointRef ref;
  const size_t at = text.rfind('@');
  if (at != absl::string_view::npos && at > 0) {  // "@last" is a run
    const absl::string_view step = text.substr(at + 1);
    uint64_t value = 0;
    if (step != "last") {
      if (!absl::SimpleAtoi(step, &value)) {
        return InvalidField("INIT_FROM_INVALID", "spec.init_from",
                            absl::StrCat(Quote(init_from), " is not RUN or RUN@STEP"));
      }
      ref.step = value;
    }
    text = text.substr(0, at);
  }
  if (!ParseRunName(RunName(text)).ok()) {
    return InvalidField(
        "INIT_FROM_INVALID", "spec.init_from",
        absl::StrCat(Quote(init_from), " names no run; an insert mode needs init_from: RUN or RUN@STEP"));
  }
  ref.run = std::string(text);
  return ref;
}

std::string InitFromText(const std::string& run, uint64_t step) { return absl::StrCat(run, "@", step); }

absl::Status CheckSourceFits(const v1::TrainSpec& spec, const v1::TrainSpec& source) {
  if (spec.format() != source.format()) {
    return Mismatch("format", absl::StrCat("format is ", v1::Format_Name(spec.format()), ", but that of init_from is ",
                                           v1::Format_Name(source.format()), "; they must be equal"));
  }
  const auto* reflection = spec.GetReflection();
  const auto value = [&](const v1::TrainSpec& of, const char* field) {
    return reflection->GetUInt32(of, v1::TrainSpec::descriptor()->FindFieldByName(field));
  };
  for (const char* field : {"n_digits", "d_model", "d_head"}) {
    if (value(spec, field) == value(source, field)) continue;
    return Mismatch(field, absl::StrCat(field, " is ", value(spec, field), ", but that of init_from is ",
                                        value(source, field), "; they must be equal"));
  }
  for (const char* field : {"n_layers", "n_heads"}) {
    if (value(spec, field) >= value(source, field)) continue;
    return Mismatch(field, absl::StrCat(field, " is ", value(spec, field), ", but that of init_from is ",
                                        value(source, field), "; it must be at least as much"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> UsefulHeads(storage::RunFile* file, const v1::TrainSpec& source,
                                                     const std::string& run, uint64_t step) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<v1::Analysis> analyses, file->ListAnalyses());
  std::optional<std::vector<std::string>> useful;
  for (const v1::Analysis& analysis : analyses) {  // in the order in which they were asked: the newest stays
    if (analysis.state() != v1::SUCCEEDED || analysis.checkpoint() != CheckpointName(run, step)) continue;
    auto nodes = KindOf(analysis.result()).UsefulNodes(analysis.result());
    if (nodes.has_value()) useful = std::move(nodes);
  }
  if (!useful.has_value()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "USEFUL_NODES_MISSING",
                     absl::StrCat("nobody has asked yet which heads of ", CheckpointName(run, step),
                                  " are useful; first: sumscope probe ", InitFromText(run, step), " useful-nodes"));
  }
  std::set<std::pair<uint32_t, uint32_t>> heads;
  for (const std::string& text : *useful) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<NodeName> nodes, ParseNodeSet(source, "node", text));
    for (const NodeName& node : nodes) {
      if (node.kind == NodeName::Kind::kHead) heads.emplace(node.layer, node.head);
    }
  }
  std::vector<std::string> names;
  for (const auto& [layer, head] : heads) {
    NodeName node;
    node.layer = layer;
    node.head = head;
    names.push_back(NodeNameText(node));
  }
  return names;
}

}  // namespace sumscope::jobs

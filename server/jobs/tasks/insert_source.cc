#include "server/jobs/tasks/insert_source.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/text/quote.h"
#include "server/jobs/tasks/node_tags.h"

namespace sumscope::jobs {
namespace {

absl::Status Mismatch(const char* field, const std::string& problem) {
  return InvalidField("INIT_FROM_MISMATCH", absl::StrCat("spec.", field), problem);
}

// The nodes that a result shows to be useful; empty when it says nothing about that.
std::vector<std::string> UsefulNodes(const v1::AnalysisResult& result) {
  std::vector<std::string> nodes;
  for (const v1::AblatedNodes& node : result.useful_nodes().nodes()) {
    if (node.failed_of_right() > 0) nodes.push_back(node.nodes());
  }
  if (result.has_useful_nodes()) return nodes;
  for (const v1::NodeTag& tag : TagsOf(result)) {
    if (absl::StartsWith(tag.tag(), "Fail%:")) nodes.push_back(tag.node());
  }
  return nodes;
}

bool HasUsefulNodeMap(const v1::AnalysisResult& result) {
  return result.has_useful_nodes() || result.has_subtasks() || result.has_algorithm();
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
  const v1::Analysis* newest = nullptr;
  for (const v1::Analysis& analysis : analyses) {
    if (analysis.state() != v1::SUCCEEDED || !HasUsefulNodeMap(analysis.result()) ||
        analysis.checkpoint() != CheckpointName(run, step)) {
      continue;
    }
    newest = &analysis;  // they come in the order in which they were asked
  }
  if (newest == nullptr) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "USEFUL_NODES_MISSING",
                     absl::StrCat("nobody has asked yet which heads of ", CheckpointName(run, step),
                                  " are useful; first: sumscope probe ", InitFromText(run, step), " useful-nodes"));
  }
  std::set<std::pair<uint32_t, uint32_t>> heads;
  for (const std::string& text : UsefulNodes(newest->result())) {
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

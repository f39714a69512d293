#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/node_map.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {
namespace {

Table Findings(const v1::SubtasksResult& result) {
  Table table({{"TASK"},
               {"NODES"},
               {"STRENGTH"},
               NumberColumn("FAIL%"),
               NumberColumn("ATTENTION"),
               NumberColumn("MOVED"),
               {"EVIDENCE", kInWide}});
  for (const v1::SubtaskFinding& finding : result.findings()) {
    table.AddRow({finding.task(), finding.nodes(), finding.strength(), absl::StrCat(finding.fail_percent()),
                  finding.attention_percent() > 0 ? WholePercent(finding.attention_percent()) : "",
                  FormatDigits(finding.l2(), 3), finding.evidence()});
  }
  return table;
}

// Each node with the tasks it was found to do.
std::string TaskMap(const v1::SubtasksResult& result, const View& view) {
  std::vector<std::pair<std::string, std::string>> cells;
  for (const v1::NodeTag& tag : result.tags()) {
    constexpr absl::string_view kAlgo = "Algo:";
    if (tag.tag().compare(0, kAlgo.size(), kAlgo.data()) != 0) {
      if (cells.empty() || cells.back().first != tag.node()) cells.emplace_back(tag.node(), "");
      continue;
    }
    const std::string task = tag.tag().substr(kAlgo.size());
    if (!cells.empty() && cells.back().first == tag.node()) {
      absl::StrAppend(&cells.back().second, cells.back().second.empty() ? "" : " ", task);
    } else {
      cells.emplace_back(tag.node(), task);
    }
  }
  const std::string map = NodeMap(cells, view);
  return map.empty() ? "" : absl::StrCat("\ntasks of the useful nodes\n", map);
}

}  // namespace

std::string ProbeText(const v1::SubtasksResult& result, const View& view) {
  std::string text = AlignedPairs(
      {{"unablated", BaselineText(result.unablated())},
       {"useful", absl::StrCat(result.useful_heads(), " heads and ", result.useful_mlps(), " MLPs at some position")},
       {"not found", absl::StrJoin(result.not_found(), " ")},
       {"not testable", absl::StrJoin(result.not_testable(), " ")}});
  absl::StrAppend(&text, TaskMap(result, view));
  AppendTable(&text, "findings (strong: the expected answer; weak: the impact matches)", Findings(result), view);
  return text;
}

Table ProbeRows(const v1::SubtasksResult& result) {
  Table table(
      {{"task"}, {"outcome"}, {"nodes"}, {"strength"}, {"fail_percent"}, {"attention_percent"}, {"l2"}, {"evidence"}});
  for (const v1::SubtaskFinding& finding : result.findings()) {
    table.AddRow({finding.task(), "found", finding.nodes(), finding.strength(), absl::StrCat(finding.fail_percent()),
                  ShortestDouble(finding.attention_percent()), ShortestDouble(finding.l2()), finding.evidence()});
  }
  for (const std::string& task : result.not_found()) table.AddRow({task, "not_found"});
  for (const std::string& task : result.not_testable()) table.AddRow({task, "not_testable"});
  return table;
}

}  // namespace sumscope::client

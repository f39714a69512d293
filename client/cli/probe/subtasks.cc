// sumscope probe RUN[@STEP] subtasks: which nodes do which sub-task.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/arguments/node_options.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/node_map.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"
#include "proto/contract/results/node_tags.h"

namespace sumscope::client {
namespace {

struct ProbeSubtasksOptions {
  std::vector<std::string> tasks;
  AblationOptions ablation;
};

// What is known of one useful node.
struct NodeTasks {
  std::string node;
  std::vector<std::string> tasks;  // those found strong first, none twice
};

// "P15L1H0,P15L1H1" names two nodes.
std::vector<std::string> NodesOf(const v1::SubtaskFinding& finding) { return absl::StrSplit(finding.nodes(), ','); }

std::vector<NodeTasks> TasksByNode(const v1::SubtasksResult& result) {
  std::set<std::pair<std::string, std::string>> strong;
  for (const v1::SubtaskFinding& finding : result.findings()) {
    for (const std::string& node : NodesOf(finding)) {
      if (finding.strength() == "strong") strong.emplace(node, finding.task());
    }
  }
  std::vector<NodeTasks> nodes;
  std::map<std::string, size_t> places;
  for (const v1::NodeTag& tag : result.tags()) {
    const auto [place, is_new] = places.emplace(tag.node(), nodes.size());
    if (is_new) nodes.push_back({tag.node(), {}});
    const std::optional<NodeTagParts> parts = SplitNodeTag(tag.tag());
    if (!parts || parts->kind != "Algo") continue;
    std::vector<std::string>& tasks = nodes[place->second].tasks;
    if (std::find(tasks.begin(), tasks.end(), parts->value) == tasks.end()) tasks.emplace_back(parts->value);
  }
  for (NodeTasks& one : nodes) {
    std::stable_partition(one.tasks.begin(), one.tasks.end(), [&](const std::string& task) {
      return strong.count({one.node, task}) > 0;
    });
  }
  return nodes;
}

// OPR and SGN are found by what a node reads: nothing was patched.
bool IsPatched(const v1::SubtaskFinding& finding) { return finding.task() != "OPR" && finding.task() != "SGN"; }

Table Findings(const v1::SubtasksResult& result) {
  Table table({{"TASK"},
               {"NODES", kEverywhere, false, /*wrap=*/16},
               {"STRENGTH"},
               NumberColumn("FAIL%"),
               NumberColumn("ATTENTION"),
               NumberColumn("MOVED"),
               {"EVIDENCE", kInWide, false, /*wrap=*/24}});
  std::set<std::string> useful;
  for (const v1::NodeTag& tag : result.tags()) useful.insert(tag.node());
  for (const v1::SubtaskFinding& finding : result.findings()) {
    const std::vector<std::string> nodes = NodesOf(finding);
    const bool fails =
        std::any_of(nodes.begin(), nodes.end(), [&](const std::string& node) { return useful.count(node) > 0; });
    table.AddRow({finding.task(), finding.nodes(), finding.strength(), FailPercentText(finding.fail_percent(), fails),
                  finding.attention_percent() > 0 ? WholePercent(finding.attention_percent()) : "",
                  IsPatched(finding) ? FormatDigits(finding.l2(), 3) : "", finding.evidence()});
  }
  return table;
}

// Every useful node with the first of its tasks and how many more it has; with -o wide all of them.
std::string TaskMap(const std::vector<NodeTasks>& nodes, const View& view) {
  std::vector<std::pair<std::string, std::string>> cells;
  for (const NodeTasks& one : nodes) {
    const size_t count = one.tasks.size();
    std::string cell = view.wide ? absl::StrJoin(one.tasks, " ") : count > 0 ? one.tasks.front() : "";
    if (!view.wide && count > 1) absl::StrAppend(&cell, " +", count - 1);
    cells.emplace_back(one.node, std::move(cell));
  }
  const std::string map = NodeMap(cells, view);
  const char* const title = view.wide ? "\ntasks of the useful nodes, strong ones first\n"
                                      : "\ntasks of the useful nodes (+1: and one more, listed below)\n";
  return map.empty() ? "" : absl::StrCat(title, map);
}

// All tasks of the nodes that have more than the map shows.
Table ManyTasks(const std::vector<NodeTasks>& nodes) {
  Table table({{"NODE"}, {"TASKS", kForPeople, false, /*wrap=*/20}});
  for (const NodeTasks& one : nodes) {
    if (one.tasks.size() > 1) table.AddRow({one.node, absl::StrJoin(one.tasks, " ")});
  }
  return table;
}

class SubtasksProbe final : public TypedProbe<v1::SubtasksRequest, v1::SubtasksResult> {
  std::string description() const override { return "Which nodes do which sub-task, by patching"; }
  bool follows_training() const override { return true; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbeSubtasksOptions>();
    command
        .AddRepeated("--tasks", &options->tasks, "A2.SA, or SA for every digit; several joined by ',' (default: all)")
        .type_name("TASK[,..]");
    AddAblationOptions(command, &options->ablation);
    return [options](v1::SubtasksRequest* subtasks) {
      for (const std::string& text : options->tasks) {
        for (const absl::string_view task : absl::StrSplit(text, ',')) subtasks->add_tasks(std::string(task));
      }
      return FillAblation(options->ablation, subtasks);
    };
  }
  Pairs DoDescribe(const v1::SubtasksRequest& request) const override {
    return {{"tasks", absl::StrJoin(request.tasks(), " ")}, {"ablation", SeededModeText(request)}};
  }
  std::string DoText(const v1::SubtasksResult& result, const View& view) const override {
    std::string text = AlignedPairs(
        {{"unablated", BaselineText(result.unablated())},
         {"useful", absl::StrCat(result.useful_heads(), " heads and ", result.useful_mlps(), " MLPs at some position")},
         {"not found", absl::StrJoin(result.not_found(), " ")},
         {"not testable", absl::StrJoin(result.not_testable(), " ")}});
    const std::vector<NodeTasks> nodes = TasksByNode(result);
    absl::StrAppend(&text, TaskMap(nodes, view));
    if (!view.wide) AppendTable(&text, "nodes with several tasks, strong ones first", ManyTasks(nodes), view);
    AppendTable(&text, "findings (strong: the expected answer; weak: the impact matches)", Findings(result), view);
    return text;
  }
  Table DoRows(const v1::SubtasksResult& result) const override {
    Table table({{"task"},
                 {"outcome"},
                 {"nodes"},
                 {"strength"},
                 {"fail_percent"},
                 {"attention_percent"},
                 {"l2"},
                 {"evidence"}});
    for (const v1::SubtaskFinding& finding : result.findings()) {
      table.AddRow({finding.task(), "found", finding.nodes(), finding.strength(), absl::StrCat(finding.fail_percent()),
                    ShortestDouble(finding.attention_percent()), IsPatched(finding) ? ShortestDouble(finding.l2()) : "",
                    finding.evidence()});
    }
    for (const std::string& task : result.not_found()) table.AddRow({task, "not_found"});
    for (const std::string& task : result.not_testable()) table.AddRow({task, "not_testable"});
    return table;
  }
  std::vector<absl::string_view> headlines() const override {
    return {"useful_heads", "useful_mlps", "unablated.loss"};
  }
};

}  // namespace

const Probe& ProbeSubtasks() {
  static const auto* const kProbe = new SubtasksProbe;
  return *kProbe;
}

}  // namespace sumscope::client

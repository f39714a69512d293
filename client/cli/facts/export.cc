// sumscope facts export: a run's tags in the authors' JSON, behaviors.json or features.json.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/arguments/find.h"
#include "client/cli/arguments/names.h"
#include "client/cli/facts/commands.h"
#include "client/cli/output/numbers.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/results/node_tags.h"

namespace sumscope::client {
namespace {

struct FactsExportOptions {
  std::string run, kind, analysis;
};

v1::NodeTag TagOf(const v1::NodeFact& fact) {
  v1::NodeTag tag;
  tag.set_node(fact.node());
  tag.set_tag(fact.tag());
  return tag;
}

// The full name of --analysis, of this run. NOT_FOUND ANALYSIS_NOT_FOUND.
absl::StatusOr<std::string> AnalysisOfRun(Connection& connection, const std::string& run, const std::string& text) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name,
                            FindAnalysis(connection, text == "@last" ? absl::StrCat(run, "/@last") : text));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis analysis, connection.GetAnalysis(name));
  if (absl::StartsWith(analysis.name(), run + "/")) return analysis.name();
  return MakeError(absl::StatusCode::kNotFound, "ANALYSIS_NOT_FOUND",
                   absl::StrCat(analysis.name(), " is no analysis of ", run));
}

uint64_t StepOf(const v1::NodeFact& fact) {
  uint64_t step = 0;
  return absl::SimpleAtoi(fact.checkpoint().substr(fact.checkpoint().rfind('/') + 1), &step) ? step : 0;
}

// When the fact was found, a total order.
std::tuple<int64_t, int32_t, std::string> AgeOf(const v1::NodeFact& fact) {
  return {fact.create_time().seconds(), fact.create_time().nanos(), fact.analysis()};
}

// One analysis and what it says of a family of tags.
struct AnalysisFindings {
  std::tuple<int64_t, int32_t, std::string> age;
  std::set<std::string> nodes;
};

using FindingsByAnalysis = std::map<std::string, AnalysisFindings>;

std::string NewestOf(const FindingsByAnalysis& findings) {
  const auto older = [](const auto& a, const auto& b) { return a.second.age < b.second.age; };
  return std::max_element(findings.begin(), findings.end(), older)->first;
}

// Says which older analysis knows of more nodes than the one whose tags are written.
void NoteWiderFindings(const std::map<std::string, FindingsByAnalysis>& families, Session& session) {
  for (const auto& [family, findings] : families) {
    const std::string newest = NewestOf(findings);
    const auto narrower = [](const auto& a, const auto& b) { return a.second.nodes.size() < b.second.nodes.size(); };
    const auto widest = std::max_element(findings.begin(), findings.end(), narrower);
    if (widest->second.nodes.size() == findings.at(newest).nodes.size()) continue;
    session.Note(absl::StrCat(family, " tags are of ", IdOf(newest), ", the newest, with ",
                              Counted(findings.at(newest).nodes.size(), "node"), "; of ",
                              Counted(widest->second.nodes.size(), "node"), ": --analysis ", IdOf(widest->first)));
  }
}

// Several analyses may say different things of one node: of each family of tags those of the newest, and of the
// newest checkpoint that has facts unless one is named.
std::vector<v1::NodeTag> NewestTags(const v1::ListFactsResponse& facts, NodeTagFile file, std::optional<uint64_t> step,
                                    Session& session) {
  if (!step.has_value()) {
    step = 0;
    for (const v1::NodeFact& fact : facts.facts()) step = std::max(*step, StepOf(fact));
  }
  const auto written = [&](const v1::NodeFact& fact) {
    return StepOf(fact) == *step && NodeTagFileOf(fact.tag()) == file;
  };
  std::map<std::string, FindingsByAnalysis> families;
  for (const v1::NodeFact& fact : facts.facts()) {
    if (!written(fact)) continue;
    AnalysisFindings& findings = families[NodeTagFamily(fact.tag())][fact.analysis()];
    findings.age = std::max(findings.age, AgeOf(fact));
    findings.nodes.insert(fact.node());
  }
  std::map<std::string, std::string> newest;
  for (const auto& [family, findings] : families) newest[family] = NewestOf(findings);
  std::vector<v1::NodeTag> tags;
  for (const v1::NodeFact& fact : facts.facts()) {
    if (written(fact) && newest[NodeTagFamily(fact.tag())] == fact.analysis()) tags.push_back(TagOf(fact));
  }
  NoteWiderFindings(families, session);
  return tags;
}

absl::StatusOr<ExitCode> ExportFacts(const FactsExportOptions& options, Session& session) {
  if (options.kind != "behaviors" && options.kind != "features") {
    return InvalidField("USAGE", "kind", "--kind takes behaviors or features");
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointArgument named, CheckpointNameOf(options.run));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->GetRun(named.run));
  std::string only;
  if (!options.analysis.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(only, AnalysisOfRun(*connection, run.name(), options.analysis));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(
      const v1::ListFactsResponse facts,
      ListFacts(*connection, absl::StrCat("run.name = \"", RunIdOf(run.name()), "\""), /*limit=*/0));
  const NodeTagFile file = options.kind == "features" ? NodeTagFile::kFeatures : NodeTagFile::kBehaviors;
  std::vector<v1::NodeTag> tags;
  if (only.empty()) {
    uint64_t step = 0;
    const bool has_step =
        !named.last && absl::SimpleAtoi(named.checkpoint.substr(named.checkpoint.rfind('/') + 1), &step);
    tags = NewestTags(facts, file, has_step ? std::make_optional(step) : std::nullopt, session);
  } else {
    for (const v1::NodeFact& fact : facts.facts()) {
      if (fact.analysis() == only) tags.push_back(TagOf(fact));
    }
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSink());
  const std::string json = NodeTagsJson(tags, file);
  SUMSCOPE_RETURN_IF_ERROR(sink->Write(absl::StrCat(json, "\n")));
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  if (json == "[]") {
    session.Note(absl::StrCat("nothing was found for ", options.kind, ": sumscope probe ", RunIdOf(run.name()),
                              options.kind == "features" ? " subtasks" : " useful-nodes", " --wait looks for them"));
  }
  return ExitCode::kDone;
}

}  // namespace

void AddFactsExport(Registry* registry, Command facts) {
  const auto options = std::make_shared<FactsExportOptions>();
  const Command command = registry->Add(facts, "export", "Write a run's tags in the authors' JSON");
  AddCheckpointArgument(command, &options->run).required();
  command.Add("--kind", &options->kind, "behaviors (all but Algo) or features (Algo)").type_name("KIND").required();
  command
      .Add("--analysis", &options->analysis,
           "only what this analysis found (default: of each kind of tag the newest): its id, the beginning of one, "
           "RUN/ID, or @last: the run's latest")
      .type_name("ID");
  registry->Run(command, [options](Session& session) { return ExportFacts(*options, session); });
}

}  // namespace sumscope::client

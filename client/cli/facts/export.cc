// sumscope facts export: a run's tags in the authors' JSON, behaviors.json or features.json.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/arguments/find.h"
#include "client/cli/arguments/names.h"
#include "client/cli/facts/commands.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/results/node_tags.h"

namespace sumscope::client {
namespace {

struct Options {
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

// Several analyses may say different things of one node: of each family of tags those of the newest, and of the
// newest checkpoint that has facts unless one is named.
std::vector<v1::NodeTag> NewestTags(const v1::ListFactsResponse& facts, std::optional<uint64_t> step) {
  if (!step.has_value()) {
    step = 0;
    for (const v1::NodeFact& fact : facts.facts()) step = std::max(*step, StepOf(fact));
  }
  std::map<std::string, const v1::NodeFact*> newest;  // by family
  for (const v1::NodeFact& fact : facts.facts()) {
    if (StepOf(fact) != *step) continue;
    const v1::NodeFact*& best = newest[NodeTagFamily(fact.tag())];
    if (best == nullptr || AgeOf(*best) < AgeOf(fact)) best = &fact;
  }
  std::vector<v1::NodeTag> tags;
  for (const v1::NodeFact& fact : facts.facts()) {
    if (StepOf(fact) != *step || newest[NodeTagFamily(fact.tag())]->analysis() != fact.analysis()) continue;
    tags.push_back(TagOf(fact));
  }
  return tags;
}

absl::StatusOr<ExitCode> Export(const Options& options, Session& session) {
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
  std::vector<v1::NodeTag> tags;
  if (only.empty()) {
    uint64_t step = 0;
    const bool has_step =
        !named.last && absl::SimpleAtoi(named.checkpoint.substr(named.checkpoint.rfind('/') + 1), &step);
    tags = NewestTags(facts, has_step ? std::make_optional(step) : std::nullopt);
  } else {
    for (const v1::NodeFact& fact : facts.facts()) {
      if (fact.analysis() == only) tags.push_back(TagOf(fact));
    }
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSink());
  const std::string json =
      NodeTagsJson(tags, options.kind == "features" ? NodeTagFile::kFeatures : NodeTagFile::kBehaviors);
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
  const auto options = std::make_shared<Options>();
  const Command command = registry->Add(facts, "export", "Write a run's tags in the authors' JSON");
  AddCheckpointArgument(command, &options->run).required();
  command.Add("--kind", &options->kind, "behaviors (all but Algo) or features (Algo)").type_name("KIND").required();
  command
      .Add("--analysis", &options->analysis,
           "only what this analysis found (default: of each kind of tag the newest): its id, the beginning of one, "
           "RUN/ID, or @last: the run's latest")
      .type_name("ID");
  registry->Run(command, [options](Session& session) { return Export(*options, session); });
}

}  // namespace sumscope::client

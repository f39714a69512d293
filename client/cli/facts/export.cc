// sumscope facts export: a run's tags in the authors' JSON, behaviors.json or features.json.
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/facts/commands.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/node_tags.h"

namespace sumscope::client {
namespace {

struct Options {
  std::string run, kind, analysis;
};

absl::StatusOr<ExitCode> Export(const Options& options, Session& session) {
  if (options.kind != "behaviors" && options.kind != "features") {
    return InvalidField("USAGE", "kind", "--kind takes behaviors or features");
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(options.run));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->GetRun(name));
  std::string only;
  if (!options.analysis.empty()) {
    // An id alone is one of this run.
    const bool full = options.analysis.find('/') != std::string::npos;
    SUMSCOPE_ASSIGN_OR_RETURN(
        only, AnalysisNameOf(full ? options.analysis : absl::StrCat(RunIdOf(run.name()), "/", options.analysis)));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(
      const v1::ListFactsResponse facts,
      ListFacts(*connection, absl::StrCat("run.name = \"", RunIdOf(run.name()), "\""), /*limit=*/0));
  std::vector<v1::NodeTag> tags;
  for (const v1::NodeFact& fact : facts.facts()) {
    if (!only.empty() && fact.analysis() != only) continue;
    v1::NodeTag& tag = tags.emplace_back();
    tag.set_node(fact.node());
    tag.set_tag(fact.tag());
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSink());
  SUMSCOPE_RETURN_IF_ERROR(
      sink->Write(NodeTagsJson(tags, options.kind == "features" ? NodeTagFile::kFeatures : NodeTagFile::kBehaviors)));
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  return ExitCode::kDone;
}

}  // namespace

void AddFactsExport(Registry* registry, CLI::App* facts) {
  const auto options = std::make_shared<Options>();
  CLI::App* const app = registry->Add(facts, "export", "Write a run's tags in the authors' JSON");
  AddRunArgument(app, &options->run);
  app->add_option("--kind", options->kind, "behaviors (all but Algo) or features (Algo)")
      ->type_name("KIND")
      ->required();
  app->add_option("--analysis", options->analysis, "only what this analysis found")->type_name("ID");
  registry->Run(app, [options](Session& session) { return Export(*options, session); });
}

}  // namespace sumscope::client

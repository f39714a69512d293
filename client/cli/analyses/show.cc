// sumscope analyses show
#include <memory>

#include "client/cli/analyses/commands.h"
#include "client/cli/arguments/find.h"
#include "client/cli/asking/ask_analysis.h"
#include "client/cli/output/probes/analysis_view.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> PrintAnalysis(const std::string& argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, FindAnalysis(*connection, argument));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis analysis, connection->GetAnalysis(name));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::TrainSpec spec, SpecForView(session, analysis));
  // What was stored answers: nothing was computed for this question.
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowAnalysis(session, analysis, spec, /*from_cache=*/analysis.has_result())));
  return ExitCode::kDone;
}

}  // namespace

void AddAnalysesShow(Registry* registry, Command analyses) {
  const auto name = std::make_shared<std::string>();
  const Command command = registry->Add(analyses, "show", "Show one analysis and its result");
  command.Add("ANALYSIS", name.get(), kAnalysisArgument).required();
  registry->Run(command, [name](Session& session) { return PrintAnalysis(*name, session); });
}

}  // namespace sumscope::client

// sumscope analyses export: all stored answers of a run, for programs.
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/analyses/commands.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/probes/analysis_view.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct AnalysesExportOptions {
  std::string run, analysis;
};

// One line of JSON an analysis, as `analyses show -o jsonl` prints it, whatever the format.
absl::StatusOr<ExitCode> ExportAnalyses(const AnalysesExportOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string kind, AnalysisKindOf(options.analysis));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string run, RunNameOf(options.run));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListAnalysesResponse all, ListAnalyses(*connection, run, kind, /*limit=*/0));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSink());
  int written = 0;
  for (const v1::Analysis& listed : all.analyses()) {
    if (listed.state() != v1::SUCCEEDED) continue;
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis analysis, connection->GetAnalysis(listed.name()));
    const Document document = ShowAnalysis(session, analysis, {}, /*from_cache=*/true);
    SUMSCOPE_RETURN_IF_ERROR(sink->Write(JsonText(document.json, /*indented=*/false)));
    ++written;
  }
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  const std::string& path = session.output().file;
  if (!path.empty()) session.Note(absl::StrCat("wrote ", path, ": ", written, " analyses"));
  return ExitCode::kDone;
}

}  // namespace

void AddAnalysesExport(Registry* registry, Command analyses) {
  const auto options = std::make_shared<AnalysesExportOptions>();
  const Command command = registry->Add(analyses, "export", "Write all stored answers of a run, one line of JSON each");
  AddRunArgument(command, &options->run);
  command.Add("--analysis", &options->analysis, "only of this kind: evaluate, useful-nodes, ..").type_name("NAME");
  registry->Run(command, [options](Session& session) { return ExportAnalyses(*options, session); });
}

}  // namespace sumscope::client

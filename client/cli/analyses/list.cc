// sumscope analyses list
#include <memory>
#include <vector>

#include "client/cli/analyses/commands.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/probes/analysis_view.h"
#include "client/cli/probe/probes.h"
#include "client/connection/pages.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

struct AnalysesListOptions {
  std::string run, analysis;
  uint64_t limit = limits::kDefaultPageSize;
};

// Lists have no requests. Of probes that differ by nothing else they are read, so that people can tell them apart.
absl::Status ReadRequests(Connection& connection, std::vector<v1::Analysis>* analyses) {
  uint64_t read = 0;
  for (v1::Analysis& analysis : *analyses) {
    const Probe* const probe = FindProbe(analysis.analysis());
    if (probe == nullptr || !probe->tells_apart_in_lists()) continue;
    if (++read > limits::kDefaultPageSize) break;
    const absl::StatusOr<v1::Analysis> whole = connection.GetAnalysis(analysis.name());
    if (absl::IsNotFound(whole.status())) continue;  // deleted meanwhile
    SUMSCOPE_RETURN_IF_ERROR(whole.status());
    *analysis.mutable_request() = whole->request();
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> PrintAnalyses(const AnalysesListOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string kind, AnalysisKindOf(options.analysis));
  std::string run;
  if (!options.run.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(run, RunNameOf(options.run));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListAnalysesResponse all, ListAnalyses(*connection, run, kind, options.limit));
  std::vector<v1::Analysis> shown(all.analyses().begin(), all.analyses().end());
  if (session.format() == Format::kTable || session.format() == Format::kWide) {
    SUMSCOPE_RETURN_IF_ERROR(ReadRequests(*connection, &shown));
  }
  Document document = ShowAnalyses(session, shown, session.clock().Now());
  document.json = ToJson(all);
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

}  // namespace

absl::StatusOr<v1::ListAnalysesResponse> ListAnalyses(Connection& connection, const std::string& run,
                                                      const std::string& kind, uint64_t limit) {
  v1::ListAnalysesRequest request;
  request.set_parent(run.empty() ? "runs/-" : run);
  request.set_analysis(kind);
  return ReadPages(
      request, limit, [&](const v1::ListAnalysesRequest& page) { return connection.Call(page); },
      &v1::ListAnalysesResponse::mutable_analyses);
}

void AddAnalysesList(Registry* registry, Command analyses) {
  const auto options = std::make_shared<AnalysesListOptions>();
  const Command command = registry->Add(analyses, "list", "List analyses, newest first");
  command.Add("RUN", &options->run, "only of this run");
  command.Add("--analysis", &options->analysis, "only of this kind: evaluate, useful-nodes, ..").type_name("NAME");
  command.AddUnsigned("--limit", &options->limit, "at most N, 0 for all (default 50)");
  registry->Run(command, [options](Session& session) { return PrintAnalyses(*options, session); });
}

}  // namespace sumscope::client

#include "client/cli/asking/cancel_all.h"

#include <utility>

#include "client/cli/app/tell_error.h"
#include "client/cli/output/probes/analysis_view.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {

absl::StatusOr<ExitCode> CancelAll(Session& session, const std::vector<std::string>& names) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  std::vector<v1::Analysis> cancelled;
  ExitCode first = ExitCode::kDone;
  for (const std::string& name : names) {
    if (session.interrupted()) return absl::CancelledError("interrupted");
    absl::StatusOr<v1::Analysis> analysis = connection->CancelAnalysis(name);
    if (analysis.ok()) {
      cancelled.push_back(*std::move(analysis));
      continue;
    }
    const ExitCode code = TellStatus(&session.terminal(), analysis.status(), name);
    if (first == ExitCode::kDone) first = code;
  }
  if (cancelled.empty()) return first;
  Document document = ShowAnalyses(session, cancelled, session.clock().Now());
  document.json = {{"analyses", document.items}};
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return first;
}

}  // namespace sumscope::client

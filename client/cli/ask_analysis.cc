#include "client/cli/ask_analysis.h"

#include "absl/strings/str_cat.h"
#include "client/cli/output/analysis_view.h"
#include "client/cli/watch.h"
#include "client/states.h"
#include "proto/contract/base/status_macros.h"

namespace sumscope::client {

absl::StatusOr<ExitCode> AskAnalysis(Session& session, const v1::CreateAnalysisRequest& request, bool wait) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::CreateAnalysisResponse created, connection->CreateAnalysis(request));
  v1::Analysis analysis = created.analysis();
  if (!IsTerminal(analysis.state())) {
    if (!wait) {
      Document document = ShowAnalyses(session, {analysis}, session.clock().Now());
      document.json = ShowAnalysis(session, analysis, created.from_cache()).json;
      document.items = {document.json};
      SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
      session.Note(absl::StrCat("Read the result with: sumscope analyses show ", analysis.name(),
                                "   (or add --wait to wait for it)"));
      return ExitCode::kDone;
    }
    SUMSCOPE_ASSIGN_OR_RETURN(analysis, WatchAnalysisToEnd(session, *connection, analysis.name()));
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowAnalysis(session, analysis, created.from_cache())));
  return FateOf(analysis.state());
}

}  // namespace sumscope::client

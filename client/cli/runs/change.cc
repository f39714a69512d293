#include "client/cli/runs/change.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/app/tell_error.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/watch.h"
#include "client/cli/output/runs/run_view.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {

absl::StatusOr<ExitCode> ChangeRuns(
    Session& session, const std::vector<std::string>& runs,
    const std::function<absl::StatusOr<v1::Run>(Connection&, const std::string& name)>& change) {
  std::vector<std::string> names;
  for (const std::string& run : runs) {
    SUMSCOPE_ASSIGN_OR_RETURN(names.emplace_back(), RunNameOf(run));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::ListRunsResponse changed;
  ExitCode code = ExitCode::kDone;
  absl::Status interruption;
  for (const std::string& name : names) {
    absl::StatusOr<v1::Run> run = change(*connection, name);
    if (run.ok()) {
      *changed.add_runs() = *std::move(run);
      continue;
    }
    if (session.interrupted()) {
      interruption = run.status();
      break;
    }
    const ExitCode failure = TellStatus(&session.terminal(), run.status(), RunIdOf(name));
    if (code == ExitCode::kDone) code = failure;
  }
  if (changed.runs_size() > 0) {
    Document document = ShowRuns(session, {changed.runs().begin(), changed.runs().end()}, session.clock().Now());
    document.json = names.size() == 1 ? document.items[0] : ToJson(changed);
    SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  }
  SUMSCOPE_RETURN_IF_ERROR(interruption);
  return code;
}

absl::StatusOr<ExitCode> FollowOrPrint(Session& session, Connection& connection, v1::Run run, bool watch) {
  if (watch) {
    SUMSCOPE_ASSIGN_OR_RETURN(run, WatchRunToEnd(session, connection, run.name()));
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowRun(session, run, session.clock().Now())));
  if (watch) return FateOf(run.state());
  session.Note(absl::StrCat("Follow it with: sumscope runs watch ", RunIdOf(run.name())));
  return ExitCode::kDone;
}

}  // namespace sumscope::client

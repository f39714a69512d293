// sumscope runs cancel
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/filter_times.h"
#include "client/cli/arguments/names.h"
#include "client/cli/arguments/users.h"
#include "client/cli/asking/confirm.h"
#include "client/cli/output/numbers.h"
#include "client/cli/runs/change.h"
#include "client/cli/runs/commands.h"
#include "client/connection/pages.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct RunsCancelOptions {
  std::vector<std::string> names;
  std::string filter;
  bool all_mine = false, yes = false;
};

// The caller's runs that have not ended, of those that the filter takes.
absl::StatusOr<std::vector<std::string>> UnendedRuns(Session& session, const std::string& filter) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Caller caller, connection->Call(v1::GetCallerRequest()));
  v1::ListRunsRequest request;
  request.set_filter(absl::StrCat("owner = \"", UserIdOf(caller.user()),
                                  "\" AND (state = QUEUED OR state = STARTING OR state = RUNNING)"));
  if (!absl::StripAsciiWhitespace(filter).empty()) {
    // First, so that an error's column is the user's; OR binds tighter than AND, so that it needs no parentheses.
    request.set_filter(absl::StrCat(WithAbsoluteTimes(filter, session.clock().Now()), " AND ", request.filter()));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(
      const v1::ListRunsResponse all,
      ReadPages(
          request, /*limit=*/0, [&](const v1::ListRunsRequest& page) { return connection->Call(page); },
          &v1::ListRunsResponse::mutable_runs));
  std::vector<std::string> names;
  for (const v1::Run& run : all.runs()) names.push_back(run.name());
  return names;
}

std::string WhichText(const std::vector<std::string>& names) {
  constexpr size_t kNamed = 5;
  std::vector<std::string> ids;
  for (size_t i = 0; i < names.size() && i < kNamed; ++i) ids.push_back(RunIdOf(names[i]));
  std::string text = absl::StrJoin(ids, ", ");
  if (names.size() > kNamed) absl::StrAppend(&text, " and ", names.size() - kNamed, " more");
  return text;
}

absl::StatusOr<ExitCode> CancelRuns(const RunsCancelOptions& options, Session& session) {
  const auto usage = [](absl::string_view message) { return InvalidField("USAGE", "", message); };
  if (options.all_mine && !options.names.empty()) return usage("give runs or --all-mine, not both");
  if (!options.all_mine && options.names.empty()) {
    return usage("say which: run ids, or --all-mine, with --filter for some of yours");
  }
  if (!options.all_mine && !options.filter.empty()) return usage("--filter chooses among --all-mine");
  std::vector<std::string> names = options.names;
  if (options.all_mine) {
    SUMSCOPE_ASSIGN_OR_RETURN(names, UnendedRuns(session, options.filter));
    if (names.empty()) {
      session.Note("None of your runs that match has not ended: nothing was cancelled.");
      return ExitCode::kDone;
    }
    SUMSCOPE_RETURN_IF_ERROR(ConfirmChange(
        session, absl::StrCat("This cancels ", Counted(names.size(), "run"), " of yours: ", WhichText(names), "."),
        "nothing was cancelled", options.yes));
  }
  return ChangeRuns(session, names,
                    [](Connection& connection, const std::string& name) { return connection.CancelRun(name); });
}

}  // namespace

void AddRunsCancel(Registry* registry, Command runs) {
  const auto options = std::make_shared<RunsCancelOptions>();
  const Command command = registry->Add(runs, "cancel", "Stop runs at their next step; what they have so far is kept");
  command.AddList("RUN", &options->names, "run ids, unique prefixes or @last");
  command.AddFlag("--all-mine", &options->all_mine, "all of your own runs that have not ended; asks first");
  command.Add("--filter", &options->filter, "of --all-mine only those that this takes, like 'state = QUEUED'");
  command.AddFlag("--yes", &options->yes, "do not ask first");
  registry->Run(command, [options](Session& session) { return CancelRuns(*options, session); });
}

}  // namespace sumscope::client

// sumscope sweeps show
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/jobs.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/queue/sweep_view.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/sweeps/commands.h"
#include "client/connection/pages.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::client {
namespace {

// Its first runs, as a table below it.
absl::StatusOr<std::string> MembersText(Session& session, Connection& connection, const v1::Sweep& sweep) {
  constexpr uint64_t kShown = 20;
  v1::ListRunsRequest request;
  request.set_filter(absl::StrCat("sweep = \"", IdOf(sweep.name()), "\""));
  request.set_order_by("create_time");
  request.set_show_deleted(true);
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListRunsResponse runs,
                            ReadPages(
                                request, kShown, [&](const v1::ListRunsRequest& page) { return connection.Call(page); },
                                &v1::ListRunsResponse::mutable_runs));
  if (runs.runs().empty()) return std::string();
  const Document document = ShowRuns(session, {runs.runs().begin(), runs.runs().end()}, session.clock().Now());
  const std::string more =
      runs.next_page_token().empty() ? "" : absl::StrCat("the first ", kShown, " of ", FormatCount(sweep.runs()), "\n");
  return absl::StrCat("\n", session.format() == Format::kWide ? document.wide : document.table, more);
}

absl::StatusOr<ExitCode> PrintSweep(const std::string& argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, SweepNameOf(argument));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep sweep, connection->GetSweep(name));
  Document document = ShowSweepInFull(session, sweep, session.clock().Now());
  if (session.format() == Format::kTable || session.format() == Format::kWide) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string members, MembersText(session, *connection, sweep));
    for (std::string* text : {&document.table, &document.wide}) absl::StrAppend(text, members);
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return ExitCode::kDone;
}

}  // namespace

void AddSweepsShow(Registry* registry, Command sweeps) {
  const auto sweep = std::make_shared<std::string>();
  const Command command = registry->Add(sweeps, "show", "How a sweep stands, with its first runs");
  command.Add("SWEEP", sweep.get(), kSweepArgument).required();
  registry->Run(command, [sweep](Session& session) { return PrintSweep(*sweep, session); });
}

}  // namespace sumscope::client

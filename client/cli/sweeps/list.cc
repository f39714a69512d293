// sumscope sweeps list
#include <memory>

#include "client/cli/output/queue/sweep_view.h"
#include "client/cli/sweeps/commands.h"
#include "client/connection/pages.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> PrintSweeps(uint64_t limit, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(
      const v1::ListSweepsResponse all,
      ReadPages(
          v1::ListSweepsRequest(), limit, [&](const v1::ListSweepsRequest& page) { return connection->Call(page); },
          &v1::ListSweepsResponse::mutable_sweeps));
  Document document = ShowSweeps(session, {all.sweeps().begin(), all.sweeps().end()}, session.clock().Now());
  document.json = ToJson(all);
  if (all.sweeps().empty())
    document.nothing = "No sweeps yet. Try: sumscope sweep add_d3_l1_h3_t6K --seeds 1..4 --watch";
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

}  // namespace

void AddSweepsList(Registry* registry, Command sweeps) {
  const auto limit = std::make_shared<uint64_t>(limits::kDefaultPageSize);
  const Command command = registry->Add(sweeps, "list", "List sweeps, newest first");
  command.AddUnsigned("--limit", limit.get(), "at most N, 0 for all (default 50)");
  registry->Run(command, [limit](Session& session) { return PrintSweeps(*limit, session); });
}

}  // namespace sumscope::client

// sumscope queue
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/command.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/queue/job_view.h"
#include "client/connection/pages.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

struct QueueOptions {
  uint64_t limit = limits::kDefaultJobPage;
  bool shares = false;
};

// Pages of jobs, and of the last page what is said of all of them.
absl::StatusOr<v1::ListJobsResponse> ReadQueue(Connection& connection, uint64_t limit) {
  v1::ListJobsResponse totals;
  SUMSCOPE_ASSIGN_OR_RETURN(v1::ListJobsResponse all, ReadPages(
                                                          v1::ListJobsRequest(), limit,
                                                          [&](const v1::ListJobsRequest& page) {
                                                            absl::StatusOr<v1::ListJobsResponse> answer =
                                                                connection.Call(page);
                                                            if (answer.ok()) totals = *answer;
                                                            return answer;
                                                          },
                                                          &v1::ListJobsResponse::mutable_jobs));
  all.set_waiting(totals.waiting());
  all.set_running(totals.running());
  *all.mutable_shares() = totals.shares();
  return all;
}

absl::StatusOr<ExitCode> PrintQueue(const QueueOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListJobsResponse all, ReadQueue(*connection, options.limit));
  Document document = ShowJobs(session, {all.jobs().begin(), all.jobs().end()}, session.clock().Now());
  document.json = ToJson(all);
  if (all.jobs().empty()) document.nothing = "Nothing waits and nothing runs.";
  // Who shares with nobody has no need of it.
  if (options.shares || all.shares_size() > 1) {
    const std::string shares = SharesText(all, !session.output().no_headers, session.width());
    for (std::string* text : {&document.table, &document.wide}) {
      if (!shares.empty()) absl::StrAppend(text, "\n", shares);
    }
  }
  document.footnote =
      absl::StrCat(all.running(), " running, ", all.waiting(), " waiting; why one waits: sumscope explain JOB");
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

}  // namespace

void AddQueue(Registry* registry, Command root) {
  const auto options = std::make_shared<QueueOptions>();
  const Command command =
      registry->Add(root, "queue", "What runs and what waits, in the order in which it would start");
  command.AddUnsigned("--limit", &options->limit, "at most N, 0 for all (default 100)");
  command.AddFlag("--shares", &options->shares, "who had how much of the devices, also where nobody shares them");
  registry->Run(command, [options](Session& session) { return PrintQueue(*options, session); });
}

}  // namespace sumscope::client

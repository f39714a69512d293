// sumscope runs list
#include <algorithm>
#include <memory>
#include <utility>

#include "client/cli/output/runs/run_view.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

struct Options {
  std::string filter, sort_by;
  uint64_t limit = limits::kDefaultPageSize;
  bool deleted = false;
};

absl::StatusOr<ExitCode> List(const Options& options, Session& session) {
  v1::ListRunsRequest request;
  request.set_filter(options.filter);
  request.set_order_by(options.sort_by);
  request.set_show_deleted(options.deleted);
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::ListRunsResponse all;
  do {
    const uint64_t left = options.limit == 0 ? limits::kMaxPageSize : options.limit - all.runs_size();
    request.set_page_size(static_cast<uint32_t>(std::min<uint64_t>(left, limits::kMaxPageSize)));
    SUMSCOPE_ASSIGN_OR_RETURN(v1::ListRunsResponse page, connection->ListRuns(request));
    request.set_page_token(page.next_page_token());
    for (v1::Run& run : *page.mutable_runs()) *all.add_runs() = std::move(run);
  } while (!request.page_token().empty() &&
           (options.limit == 0 || static_cast<uint64_t>(all.runs_size()) < options.limit));
  all.set_next_page_token(request.page_token());
  Document document = ShowRuns(session, {all.runs().begin(), all.runs().end()}, session.clock().Now());
  document.json = ToJson(all);
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!request.page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  if (all.runs().empty() && options.filter.empty() && session.terminal().out_is_terminal) {
    session.Note("No runs yet. Try: sumscope train add_d3_l1_h3_t6K --watch");
  }
  return ExitCode::kDone;
}

}  // namespace

void AddRunsList(Registry* registry, CLI::App* runs) {
  const auto options = std::make_shared<Options>();
  CLI::App* const app = registry->Add(runs, "list", "List runs, newest first");
  app->add_option("--filter", options->filter,
                  "like 'state = RUNNING AND spec.n_digits >= 10', 'labels.purpose = \"test\"', "
                  "'metrics.heldout_loss < 1e-6'");
  app->add_option("--sort-by", options->sort_by,
                  "create_time, model_name, state or metrics.heldout_loss, with asc or desc")
      ->type_name("FIELD");
  AddUnsigned(app, "--limit", &options->limit, "at most N, 0 for all (default 50)");
  app->add_flag("--deleted", options->deleted, "deleted runs too");
  registry->Run(app, [options](Session& session) { return List(*options, session); });
}

}  // namespace sumscope::client

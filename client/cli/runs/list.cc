// sumscope runs list
#include <memory>

#include "client/cli/arguments/filter_times.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/runs/commands.h"
#include "client/connection/pages.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/results/run_list_fields.h"

namespace sumscope::client {
namespace {

struct RunsListOptions {
  std::string filter, sort_by;
  uint64_t limit = limits::kDefaultPageSize;
  bool deleted = false, fields = false;
};

// What --filter and --sort-by take.
Document ShowFields(const Session& session) {
  Table table(
      {{"FIELD"}, {"TAKES", kEverywhere, false, /*wrap=*/12}, {"SORTS"}, {"MEANING", kEverywhere, false, /*wrap=*/16}});
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const RunListField& field : RunListFields()) {
    table.AddRow({field.name, field.takes, field.orders ? "yes" : "no", field.meaning.empty() ? " " : field.meaning});
    all.push_back({{"field", field.name}, {"takes", field.takes}, {"sorts", field.orders}, {"meaning", field.meaning}});
  }
  Document document = session.FromTable(table);
  for (const RunListField& field : RunListFields()) document.ids.push_back(field.name);
  document.items = {all.begin(), all.end()};
  document.json = {{"fields", std::move(all)}};
  document.explains_itself = true;
  return document;
}

absl::StatusOr<ExitCode> PrintRuns(const RunsListOptions& options, Session& session) {
  if (options.fields) {
    SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowFields(session)));
    return ExitCode::kDone;
  }
  v1::ListRunsRequest request;
  // Once for all pages, which belong to one filter.
  request.set_filter(WithAbsoluteTimes(options.filter, session.clock().Now()));
  request.set_order_by(options.sort_by);
  request.set_show_deleted(options.deleted);
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(
      const v1::ListRunsResponse all,
      ReadPages(
          request, options.limit, [&](const v1::ListRunsRequest& page) { return connection->Call(page); },
          &v1::ListRunsResponse::mutable_runs));
  Document document = ShowRuns(session, {all.runs().begin(), all.runs().end()}, session.clock().Now(), options.sort_by);
  document.json = ToJson(all);
  if (all.runs().empty()) {
    document.nothing = options.filter.empty() ? "No runs yet. Try: sumscope train add_d3_l1_h3_t6K --watch"
                                              : "none match: sumscope runs list --fields lists what --filter takes";
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

}  // namespace

void AddRunsList(Registry* registry, Command runs) {
  const auto options = std::make_shared<RunsListOptions>();
  const Command command = registry->Add(runs, "list", "List runs, newest first");
  command.Add("--filter", &options->filter,
              "like 'state = RUNNING AND spec.n_digits >= 10', 'labels.purpose = \"test\"', "
              "'metrics.heldout_loss < 1e-6', 'create_time > -7d'; --fields lists all fields");
  command
      .Add("--sort-by", &options->sort_by,
           "create_time, model_name, state, metrics.heldout_loss, .. (see --fields), with asc or desc")
      .type_name("FIELD");
  command.AddUnsigned("--limit", &options->limit, "at most N, 0 for all (default 50)");
  command.AddFlag("--fields", &options->fields, "list the fields that --filter and --sort-by take, and stop");
  command.AddFlag("--deleted", &options->deleted, "deleted runs too");
  registry->Run(command, [options](Session& session) { return PrintRuns(*options, session); });
}

}  // namespace sumscope::client

// sumscope facts [FILTER]: what analyses found out about nodes, over all runs.
#include <memory>
#include <utility>

#include "client/cli/arguments/names.h"
#include "client/cli/facts/commands.h"
#include "client/cli/output/numbers.h"
#include "client/pages.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

struct Options {
  std::string filter;
  uint64_t limit = limits::kDefaultPageSize;
};

Document Show(const Session& session, const v1::ListFactsResponse& all) {
  Table table({{"TAG"},
               {"NODE"},
               {"RUN", kForPeople},
               {"run", kInCsv},
               {"MODEL"},
               {"CHECKPOINT", kInWide | kInCsv},
               {"ANALYSIS", kInWide | kInCsv},
               {"position", kInCsv},
               {"layer", kInCsv},
               {"is_head", kInCsv},
               {"num", kInCsv},
               {"kind", kInCsv},
               {"value", kInCsv},
               {"task", kInCsv},
               {"create_time", kInCsv}});
  std::vector<nlohmann::ordered_json> items;
  std::vector<std::string> ids;
  for (const v1::NodeFact& fact : all.facts()) {
    table.AddRow({fact.tag(), fact.node(), RunIdOf(fact.run()), fact.run(), fact.model_name(), fact.checkpoint(),
                  fact.analysis(), std::to_string(fact.position()), std::to_string(fact.layer()),
                  fact.is_head() ? "true" : "false", std::to_string(fact.num()), fact.kind(), fact.value(), fact.task(),
                  fact.has_create_time() ? FormatTime(fact.create_time()) : ""});
    items.push_back(ToJson(fact));
    if (ids.empty() || ids.back() != fact.analysis()) ids.push_back(fact.analysis());
  }
  Document document = session.FromTable(table);
  document.items = std::move(items);
  document.ids = std::move(ids);
  document.json = ToJson(all);
  return document;
}

absl::StatusOr<ExitCode> List(const Options& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListFactsResponse all, ListFacts(*connection, options.filter, options.limit));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(Show(session, all)));
  if (!all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

}  // namespace

absl::StatusOr<v1::ListFactsResponse> ListFacts(Connection& connection, const std::string& filter, uint64_t limit) {
  v1::ListFactsRequest request;
  request.set_filter(filter);
  return ReadPages(
      request, limit, [&](const v1::ListFactsRequest& page) { return connection.ListFacts(page); },
      &v1::ListFactsResponse::mutable_facts);
}

void AddFacts(Registry* registry, Command root) {
  const auto options = std::make_shared<Options>();
  const Command command = registry->Add(root, "facts", "What analyses found out about nodes, over all runs");
  command.Add("FILTER", &options->filter,
              "like 'task = \"A2.SC\" AND run.n_layers = 1': over task, tag, kind, value, node, position, layer, "
              "is_head, num, run.name and the fields of the run's spec");
  command.AddUnsigned("--limit", &options->limit, "at most N, 0 for all (default 50)");
  registry->Run(command, [options](Session& session) { return List(*options, session); });
  AddFactsExport(registry, command);
  AddFactsImport(registry, command);
}

}  // namespace sumscope::client

// sumscope facts [FILTER]: what analyses found out about nodes, over all runs.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/facts/commands.h"
#include "client/cli/output/numbers.h"
#include "client/connection/pages.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

struct FactsOptions {
  std::string filter;
  uint64_t limit = limits::kDefaultPageSize;
};

// Several analyses may have found the same: one row for people, with the newest of them.
struct Found {
  v1::NodeFact fact;
  int others = 0;
};

bool IsSameFact(const v1::NodeFact& a, const v1::NodeFact& b) {
  return a.checkpoint() == b.checkpoint() && a.node() == b.node() && a.tag() == b.tag();
}

bool IsOlder(const v1::NodeFact& a, const v1::NodeFact& b) {
  return std::make_pair(a.create_time().seconds(), a.create_time().nanos()) <
         std::make_pair(b.create_time().seconds(), b.create_time().nanos());
}

// Facts come by run, node and tag: equal ones are near each other.
std::vector<Found> WithoutDuplicates(const v1::ListFactsResponse& all) {
  std::vector<Found> found;
  for (const v1::NodeFact& fact : all.facts()) {
    auto same = found.rbegin();
    while (same != found.rend() && same->fact.node() == fact.node() && !IsSameFact(same->fact, fact)) ++same;
    if (same == found.rend() || !IsSameFact(same->fact, fact)) {
      found.push_back({fact, 0});
      continue;
    }
    ++same->others;
    if (IsOlder(same->fact, fact)) same->fact = fact;
  }
  return found;
}

// Facts enough for `limit` rows and, where there is one, a row more; all of them for 0. At least a page at a time: how
// many rows the next ones make is not known.
absl::StatusOr<v1::ListFactsResponse> ListForRows(Connection& connection, const std::string& filter, uint64_t limit) {
  v1::ListFactsResponse all;
  uint64_t rows = 0;
  do {
    const uint64_t count = limit == 0 ? 0 : std::max<uint64_t>(limit - rows + 1, limits::kDefaultPageSize);
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListFactsResponse more,
                              ListFacts(connection, filter, count, all.next_page_token()));
    all.mutable_facts()->MergeFrom(more.facts());
    all.set_next_page_token(more.next_page_token());
    rows = WithoutDuplicates(all).size();
  } while (rows <= limit && !all.next_page_token().empty());
  return all;
}

// What each useful node has by the dozen is for who asks for it.
std::string FilterForPeople(const std::string& filter) {
  for (const char* asked : {"kind", "tag", "value", "task"}) {
    if (absl::StrContains(filter, asked)) return filter;
  }
  return absl::StrCat(filter, filter.empty() ? "" : " AND ", "NOT kind = \"Fail%\" AND NOT kind = \"Attn\"");
}

Table PeoplesTable(const std::vector<Found>& found) {
  Table table({{"TAG"},
               {"NODE"},
               {"RUN"},
               {"MODEL", kForPeople, false, 0, /*cut=*/24},
               {"CHECKPOINT", kInWide},
               {"ANALYSIS", kInTable},
               {"ANALYSIS", kInWide}});
  for (const auto& [fact, others] : found) {
    const std::string id = fact.analysis().substr(fact.analysis().rfind('/') + 1);
    const std::string more = others > 0 ? absl::StrCat(" +", others) : "";
    table.AddRow({fact.tag(), fact.node(), RunIdOf(fact.run()), fact.model_name(), fact.checkpoint(),
                  absl::StrCat(id, more), absl::StrCat(fact.analysis(), more)});
  }
  return table;
}

Document ShowFacts(const Session& session, const v1::ListFactsResponse& all, const std::vector<Found>& found) {
  Table table({{"TAG"},
               {"NODE"},
               {"run"},
               {"MODEL"},
               {"CHECKPOINT"},
               {"ANALYSIS"},
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
    table.AddRow({fact.tag(), fact.node(), fact.run(), fact.model_name(), fact.checkpoint(), fact.analysis(),
                  std::to_string(fact.position()), std::to_string(fact.layer()), fact.is_head() ? "true" : "false",
                  std::to_string(fact.num()), fact.kind(), fact.value(), fact.task(),
                  fact.has_create_time() ? FormatTime(fact.create_time()) : ""});
    items.push_back(ToJson(fact));
    if (ids.empty() || ids.back() != fact.analysis()) ids.push_back(fact.analysis());
  }
  Document document = session.FromTable(PeoplesTable(found));
  document.csv = table.Csv(!session.output().no_headers);
  document.items = std::move(items);
  document.ids = std::move(ids);
  document.json = ToJson(all);
  return document;
}

absl::StatusOr<v1::ListFactsResponse> FindFacts(Connection& connection, const FactsOptions& options, bool people) {
  if (!people) return ListFacts(connection, options.filter, options.limit);
  absl::StatusOr<v1::ListFactsResponse> all = ListForRows(connection, FilterForPeople(options.filter), options.limit);
  if (!absl::IsInvalidArgument(all.status())) return all;
  // An error of the filter shows what the user typed, without our part of it.
  SUMSCOPE_RETURN_IF_ERROR(ListFacts(connection, options.filter, /*limit=*/1).status());
  return all;
}

absl::StatusOr<ExitCode> PrintFacts(const FactsOptions& options, Session& session) {
  const bool people = session.format() == Format::kTable || session.format() == Format::kWide;
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListFactsResponse all, FindFacts(*connection, options, people));
  std::vector<Found> found = WithoutDuplicates(all);
  const bool rows_left = people && options.limit > 0 && found.size() > options.limit;
  if (rows_left) found.resize(options.limit);
  Document document = ShowFacts(session, all, found);
  if (all.facts().empty()) {
    document.nothing = options.filter.empty() ? "none yet: sumscope probe RUN subtasks --wait looks for them"
                                              : "none match: sumscope facts --help says what a filter takes";
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (rows_left || !all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

}  // namespace

absl::StatusOr<v1::ListFactsResponse> ListFacts(Connection& connection, const std::string& filter, uint64_t limit,
                                                const std::string& page_token) {
  v1::ListFactsRequest request;
  request.set_page_token(page_token);
  request.set_filter(filter);
  return ReadPages(
      request, limit, [&](const v1::ListFactsRequest& page) { return connection.Call(page); },
      &v1::ListFactsResponse::mutable_facts);
}

void AddFacts(Registry* registry, Command root) {
  const auto options = std::make_shared<FactsOptions>();
  const Command command = registry->Add(root, "facts", "What analyses found out about nodes, over all runs");
  command.Add(
      "FILTER", &options->filter,
      "like 'task = \"A2.SC\" AND run.n_layers = 1': over task, tag, kind, value, node, position, layer, "
      "is_head, num, run.name and the fields of the run's spec. Tables leave Fail% and Attn out unless it names "
      "kind, tag, value or task");
  command.AddUnsigned("--limit", &options->limit, "at most N, 0 for all (default 50)");
  registry->Run(command, [options](Session& session) { return PrintFacts(*options, session); });
  AddFactsExport(registry, command);
  AddFactsImport(registry, command);
}

}  // namespace sumscope::client

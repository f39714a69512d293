#include "storage/sqlite/catalog/topics/sqlite_runs.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "storage/filter.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/columns.h"
#include "storage/sqlite/catalog/rows/not_found.h"
#include "storage/sqlite/catalog/rows/run_order.h"
#include "storage/sqlite/catalog/rows/run_row.h"
#include "storage/sqlite/catalog/rows/seen_runs.h"
#include "storage/sqlite/catalog/rows/sequence.h"
#include "storage/sqlite/catalog/topics/sqlite_headlines.h"
#include "storage/sqlite/catalog/topics/sqlite_removals.h"
#include "storage/sqlite/filter/filter_sql.h"

namespace sumscope::storage {
namespace {

// The smallest text above every text that starts with `prefix`: ids are ASCII.
std::string PrefixEnd(const std::string& prefix) { return prefix + "\x7f"; }

// "expression, id after position" in the order's direction, as a row value that the order's index serves.
std::string Beyond(const RunOrder& order) {
  return absl::StrCat("(", order.expression, ", id) ", order.descending ? "<" : ">", " (?, ?)");
}

// A run of the lab may be of a private sweep.
SqlCondition SweepOfRunIsSeen(const Viewer& viewer) {
  if (viewer.sees_everything()) return {};
  return {absl::StrCat("EXISTS (SELECT 1 FROM sweeps WHERE sweeps.id = runs.sweep", AndSweepIsSeen(viewer), ")"),
          {viewer.user()}};
}

SqlValue KeyOf(Query& query, const RunOrder& order, int column) {
  if (order.type == RunOrder::Type::kInteger) return query.Int(column);
  if (order.type == RunOrder::Type::kReal) return query.Real(column);
  return query.Text(column);
}

absl::StatusOr<RunPage> ReadRunPage(Connection& connection, const TokenSeal& seal, const Viewer& viewer,
                                    const RunQuery& request, const RunOrder& order, const std::string& sql,
                                    const std::vector<SqlValue>& parameters, const std::string& query_hash) {
  RunPage page;
  PagePosition last;
  size_t bytes = 0;
  Query query(connection, sql);
  for (const SqlValue& parameter : parameters) query.Bind(parameter);
  BindViewer(query, viewer);
  query.Bind(request.page_size + 1);
  while (query.Next()) {
    if (page.runs.size() == request.page_size || bytes > limits::kMaxPageBytes) {
      page.next_page_token = EncodePageToken(seal, query_hash, last);
      break;
    }
    last.id = query.Text(0);
    last.key = KeyOf(query, order, kRunReadColumnCount);
    page.runs.push_back(ReadListedRun(connection, query));
    bytes += page.runs.back().ByteSizeLong();
  }
  return page;
}

}  // namespace

absl::StatusOr<v1::Run> SqliteRuns::Get(const Viewer& viewer, const std::string& run) {
  return connection_.Guard([&]() -> absl::StatusOr<v1::Run> {
    Query query(connection_, absl::StrCat("SELECT ", kRunReadColumns, " FROM runs WHERE id = ?", AndIsSeen(viewer)));
    query.Bind(run);
    BindViewer(query, viewer);
    if (!query.Next()) return NotFound("RUN_NOT_FOUND", "run", run);
    return ReadRun(connection_, query);
  });
}

absl::StatusOr<std::vector<std::string>> SqliteRuns::Find(const Viewer& viewer, const std::string& prefix,
                                                          RunsFirst first, int limit) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> found;
    for (const bool among_first : {true, false}) {
      const bool deleted = among_first == (first == RunsFirst::kDeleted);
      Query query(connection_, absl::StrCat("SELECT id FROM runs WHERE id >= ? AND id < ? AND delete_time IS ",
                                            deleted ? "NOT " : "", "NULL", AndIsSeen(viewer), " ORDER BY id LIMIT ?"));
      query.Bind(prefix, PrefixEnd(prefix));
      BindViewer(query, viewer);
      query.Bind(limit);
      while (query.Next()) {
        std::string id = query.Text(0);
        if (query.sound()) found.push_back(std::move(id));
      }
      if (!found.empty()) break;
    }
    return found;
  });
}

absl::StatusOr<std::string> SqliteRuns::Latest(const Viewer& viewer, const std::string& owner) {
  return connection_.Guard([&]() -> absl::StatusOr<std::string> {
    Query query(connection_, absl::StrCat("SELECT id FROM runs WHERE owner = ? AND delete_time IS NULL",
                                          AndIsSeen(viewer), " ORDER BY sequence DESC, id DESC LIMIT 1"));
    query.Bind(owner);
    BindViewer(query, viewer);
    return query.Next() ? query.Text(0) : std::string();
  });
}

absl::StatusOr<uint64_t> SqliteRuns::CountLabRunsFrom(const std::string& source) {
  return connection_.Guard([&]() -> absl::StatusOr<uint64_t> {
    // init_from is RUN@STEP, or RUN. What an import says of its source was another server's.
    const std::string named = source + "@";
    Query query(connection_,
                "SELECT count(*) FROM runs WHERE visibility = 'LAB' AND imported = 0 AND "
                "substr(iif(json_valid(spec), json_extract(spec, '$.init_from'), '') || '@', 1, ?) = ?");
    query.Bind(static_cast<int64_t>(named.size()), named).Next();
    return static_cast<uint64_t>(query.Int(0));
  });
}

absl::StatusOr<RunPage> SqliteRuns::List(const Viewer& viewer, const RunQuery& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const RunOrder order, ParseRunOrder(request.order_by));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto filter, ParseFilter(request.filter));
  std::vector<std::string> conditions;
  std::vector<SqlValue> parameters;
  if (filter.has_value()) {
    SUMSCOPE_ASSIGN_OR_RETURN(SqlCondition condition, FilterToSql(*filter, RunFilterFields(SweepOfRunIsSeen(viewer))));
    conditions.push_back(absl::StrCat("(", condition.sql, ")"));
    parameters = std::move(condition.parameters);
  }
  if (!request.show_deleted) conditions.push_back("delete_time IS NULL");
  const std::string query_hash =
      absl::StrCat("runs\n", request.filter, "\n", order.expression, order.descending, "\n", request.show_deleted);
  if (!request.page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(PagePosition position, DecodePageToken(seal_, query_hash, request.page_token));
    conditions.push_back(Beyond(order));
    parameters.push_back(std::move(position.key));
    parameters.push_back(std::move(position.id));
  }
  const std::string asked = conditions.empty() ? "TRUE" : absl::StrJoin(conditions, " AND ");
  const char* direction = order.descending ? " DESC" : "";
  const std::string sql =
      absl::StrCat("SELECT ", kRunReadColumns, ", ", order.expression, " FROM runs WHERE ", asked, AndIsSeen(viewer),
                   " ORDER BY ", order.expression, direction, ", id", direction, " LIMIT ?");
  return connection_.Guard(
      [&] { return ReadRunPage(connection_, seal_, viewer, request, order, sql, parameters, query_hash); });
}

absl::Status SqliteRuns::Insert(const v1::Run& run) { return Put(run, /*is_new=*/true); }

absl::Status SqliteRuns::Update(const v1::Run& run) { return Put(run, /*is_new=*/false); }

absl::Status SqliteRuns::Put(const v1::Run& run, bool is_new) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseRunName(run.name()));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string spec, ToJson(run.spec()));
  return connection_.Guard([&]() -> absl::Status {
    Query before(connection_, "SELECT state, steps_done, visibility FROM runs WHERE id = ?");
    const bool found = before.Bind(id).Next();
    if (found && is_new) {
      return MakeError(absl::StatusCode::kAlreadyExists, "RUN_EXISTS",
                       absl::StrCat("there is a run ", Quote(id), " already; choose another id, or none"));
    }
    if (!found && !is_new) return NotFound("RUN_NOT_FOUND", "run", id);
    const bool moved =
        found && (before.Text(0) != v1::State_Name(run.state()) || before.Int(1) != Saturated(run.steps_done()));
    std::string visibility = v1::Visibility_Name(run.visibility());
    if (run.visibility() == v1::VISIBILITY_UNSPECIFIED) visibility = found ? before.Text(2) : "LAB";
    // A run's sequence is that of its insertion, its end's that of the update which brought it.
    const int64_t sequence = NextSequence(connection_);
    Query query(connection_,
                absl::StrCat("INSERT INTO runs (", kRunColumns, ", visibility, sweep, sequence, end_sequence) VALUES (",
                             Marks(kRunColumnCount + 4), ") ON CONFLICT (id) DO UPDATE SET ",
                             "end_sequence = iif(excluded.end_sequence IS NULL, NULL, ifnull(end_sequence, "
                             "excluded.end_sequence)), visibility = excluded.visibility, ",
                             TakeOver(kRunColumns, {"id"})));
    BindRun(query, id, run, spec);
    query
        .Bind(visibility, IdOf(run.sweep()), sequence, run.has_end_time() ? std::make_optional(sequence) : std::nullopt)
        .Run();
    WriteLabels(connection_, id, run);
    // Before, neither its steps nor its state bear on them.
    if (moved && run.state() == v1::SUCCEEDED) SqliteHeadlines::Follow(connection_, id);
    if (is_new) SqliteRemovals::Delete(connection_, {id, "", ""});
    return absl::OkStatus();
  });
}

absl::Status SqliteRuns::Remove(const std::string& run) {
  return connection_.Guard([&] {
    Query(connection_, "DELETE FROM removals WHERE run = ?").Bind(run).Run();  // its analyses' go with it
    Query(connection_, absl::StrCat(SqliteRemovals::kInsert, "SELECT id, '', '' FROM runs WHERE id = ?"))
        .Bind(run)
        .Run();
    Query(connection_, "DELETE FROM runs WHERE id = ?").Bind(run).Run();  // jobs, labels, analyses, facts follow
    Query(connection_, "DELETE FROM events WHERE run = ?").Bind(run).Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteRuns::PutLastCheckpoint(const std::string& run, uint64_t step) {
  return connection_.Guard([&] {
    Query(connection_, "UPDATE runs SET checkpoint_step = ? WHERE id = ?").Bind(Saturated(step), run).Run();
    SqliteHeadlines::Follow(connection_, run);
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage

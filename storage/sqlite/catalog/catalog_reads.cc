#include "storage/sqlite/catalog/catalog_reads.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/utf8.h"
#include "storage/filter.h"
#include "storage/sqlite/base/analysis_row.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/fact_rows.h"
#include "storage/sqlite/catalog/question_set_rows.h"
#include "storage/sqlite/catalog/removal_rows.h"
#include "storage/sqlite/catalog/run_order.h"
#include "storage/sqlite/catalog/run_row.h"
#include "storage/sqlite/filter/filter_sql.h"

namespace sumscope::storage {
namespace {

constexpr char kJobColumns[] =
    "queue_position, id, run, analysis, state, reason, detail, attempt, segment, slot, create_time, start_time, "
    "end_time";

Job ReadJob(Query& query) {
  Job job;
  int column = 0;
  job.queue_position = static_cast<uint64_t>(query.Int(column++));
  job.id = query.Text(column++);
  job.run = query.Text(column++);
  job.analysis = query.Text(column++);
  job.state = StateFromName(query.Text(column++));
  job.reason = ReplaceInvalidUtf8(query.Text(column++));
  job.detail = ReplaceInvalidUtf8(query.Text(column++));
  job.attempt = static_cast<uint32_t>(query.Int(column++));
  job.segment = static_cast<uint32_t>(query.Int(column++));
  job.slot = ReplaceInvalidUtf8(query.Text(column++));
  job.create_time = FromNanos(query.Int(column++));
  if (const auto time = query.OptionalInt(column++)) job.start_time = FromNanos(*time);
  if (const auto time = query.OptionalInt(column++)) job.end_time = FromNanos(*time);
  return job;
}

// A damaged one keeps its place in the order, in no state, so that what follows is shown.
Event ReadEvent(Query& query) {
  Event event;
  event.sequence = static_cast<uint64_t>(query.Int(0));
  event.run = query.Text(1);
  event.job = query.Text(2);
  event.time = FromNanos(query.Int(3));
  event.change.set_state(StateFromName(query.Text(4)));
  event.change.set_reason(query.Text(5));
  event.change.set_detail(query.Text(6));
  event.change.set_attempt(static_cast<uint32_t>(query.Int(7)));
  event.change.set_segment(static_cast<uint32_t>(query.Int(8)));
  if (!query.sound() || !IsState(query.Text(4))) {
    event.change.set_state(v1::STATE_UNSPECIFIED);
    event.change.set_reason(kRowCorrupt);
    event.change.set_detail(absl::StrCat("the row of event ", event.sequence, " in the catalog is damaged"));
  }
  event.of_training = query.Int(9) != 0;
  if (const auto entries = query.OptionalInt(10)) event.log_entries = static_cast<uint64_t>(*entries);
  return event;
}

// The smallest text above every text that starts with `prefix`: ids are ASCII.
std::string PrefixEnd(const std::string& prefix) { return prefix + "\x7f"; }

// "expression, id after position" in the order's direction, as a row value that the order's index serves.
std::string Beyond(const RunOrder& order) {
  return absl::StrCat("(", order.expression, ", id) ", order.descending ? "<" : ">", " (?, ?)");
}

SqlValue KeyOf(Query& query, const RunOrder& order, int column) {
  if (order.type == RunOrder::Type::kInteger) return query.Int(column);
  if (order.type == RunOrder::Type::kReal) return query.Real(column);
  return query.Text(column);
}

absl::StatusOr<RunPage> ReadRunPage(Connection& connection, const RunQuery& request, const RunOrder& order,
                                    const std::string& sql, const std::vector<SqlValue>& parameters,
                                    const std::string& query_hash) {
  RunPage page;
  PagePosition last;
  size_t bytes = 0;
  Query query(connection, sql);
  for (const SqlValue& parameter : parameters) query.Bind(parameter);
  query.Bind(request.page_size + 1);
  while (query.Next()) {
    if (page.runs.size() == request.page_size || bytes > limits::kMaxPageBytes) {
      page.next_page_token = EncodePageToken(query_hash, last);
      break;
    }
    last.id = query.Text(0);
    last.key = KeyOf(query, order, kRunReadColumnCount);
    page.runs.push_back(ReadListedRun(connection, query));
    bytes += page.runs.back().ByteSizeLong();
  }
  return page;
}

// The current row. DATA_LOSS CATALOG_ROW_CORRUPT when it cannot be read.
absl::StatusOr<v1::Analysis> ReadWholeAnalysis(Query& query, const std::string& run) {
  const AnalysisRow row = ReadAnalysis(query, 0);
  const auto damaged = [&](absl::string_view what) {
    return CorruptRow(query.file(), AnalysisName(run, row.id), what);
  };
  absl::StatusOr<v1::Analysis> analysis = FromAnalysisRow(run, row);
  if (!analysis.ok()) return damaged(analysis.status().message());
  if (!query.sound()) return damaged("a text of it is not UTF-8");
  if (!IsState(row.state)) return damaged(absl::StrCat("there is no state ", row.state));
  return analysis;
}

// The same for a list, which shows a damaged row by name, time and damage, in no state.
v1::Analysis ReadListedAnalysis(Query& query, const std::string& run) {
  absl::StatusOr<v1::Analysis> analysis = ReadWholeAnalysis(query, run);
  if (analysis.ok()) return *std::move(analysis);
  const AnalysisRow row = ReadAnalysis(query, 0);
  v1::Analysis damaged;
  damaged.set_name(ReplaceInvalidUtf8(AnalysisName(run, row.id)));
  damaged.set_analysis(ReplaceInvalidUtf8(row.analysis));
  *damaged.mutable_create_time() = TimestampFromNanos(row.create_time);
  damaged.set_state_reason(kRowCorrupt);
  damaged.set_state_detail(std::string(analysis.status().message()));
  return damaged;
}

absl::Status NotFound(absl::string_view reason, absl::string_view what, absl::string_view id) {
  return MakeError(absl::StatusCode::kNotFound, reason, absl::StrCat("there is no ", what, " ", Quote(id)));
}

}  // namespace

template <typename Base>
absl::StatusOr<v1::Run> CatalogReads<Base>::GetRun(const std::string& run) {
  return connection_.Guard([&]() -> absl::StatusOr<v1::Run> {
    Query query(connection_, absl::StrCat("SELECT ", kRunReadColumns, " FROM runs WHERE id = ?"));
    query.Bind(run);
    if (!query.Next()) return NotFound("RUN_NOT_FOUND", "run", run);
    return ReadRun(connection_, query);
  });
}

template <typename Base>
absl::StatusOr<std::vector<std::string>> CatalogReads<Base>::FindRuns(const std::string& prefix, RunsFirst first,
                                                                      int limit) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> found;
    for (const bool among_first : {true, false}) {
      const bool deleted = among_first == (first == RunsFirst::kDeleted);
      Query query(connection_, absl::StrCat("SELECT id FROM runs WHERE id >= ? AND id < ? AND delete_time IS ",
                                            deleted ? "NOT " : "", "NULL ORDER BY id LIMIT ?"));
      query.Bind(prefix, PrefixEnd(prefix), limit);
      while (query.Next()) {
        std::string id = query.Text(0);
        if (query.sound()) found.push_back(std::move(id));
      }
      if (!found.empty()) break;
    }
    return found;
  });
}

template <typename Base>
absl::StatusOr<std::string> CatalogReads<Base>::LatestRun(const std::string& owner) {
  return connection_.Guard([&]() -> absl::StatusOr<std::string> {
    Query query(connection_,
                "SELECT id FROM runs WHERE owner = ? AND delete_time IS NULL ORDER BY sequence DESC, id DESC LIMIT 1");
    query.Bind(owner);
    return query.Next() ? query.Text(0) : std::string();
  });
}

template <typename Base>
absl::StatusOr<RunPage> CatalogReads<Base>::ListRuns(const RunQuery& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const RunOrder order, ParseRunOrder(request.order_by));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto filter, ParseFilter(request.filter));
  std::vector<std::string> conditions;
  std::vector<SqlValue> parameters;
  if (filter.has_value()) {
    SUMSCOPE_ASSIGN_OR_RETURN(SqlCondition condition, FilterToSql(*filter, RunFilterFields()));
    conditions.push_back(absl::StrCat("(", condition.sql, ")"));
    parameters = std::move(condition.parameters);
  }
  if (!request.show_deleted) conditions.push_back("delete_time IS NULL");
  const std::string query_hash =
      absl::StrCat("runs\n", request.filter, "\n", order.expression, order.descending, "\n", request.show_deleted);
  if (!request.page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(PagePosition position, DecodePageToken(query_hash, request.page_token));
    conditions.push_back(Beyond(order));
    parameters.push_back(std::move(position.key));
    parameters.push_back(std::move(position.id));
  }
  std::string where;
  for (const std::string& condition : conditions)
    absl::StrAppend(&where, where.empty() ? " WHERE " : " AND ", condition);
  const char* direction = order.descending ? " DESC" : "";
  const std::string sql = absl::StrCat("SELECT ", kRunReadColumns, ", ", order.expression, " FROM runs", where,
                                       " ORDER BY ", order.expression, direction, ", id", direction, " LIMIT ?");
  return connection_.Guard([&] { return ReadRunPage(connection_, request, order, sql, parameters, query_hash); });
}

template <typename Base>
absl::StatusOr<Job> CatalogReads<Base>::GetJob(const std::string& job) {
  return connection_.Guard([&]() -> absl::StatusOr<Job> {
    Query query(connection_, absl::StrCat("SELECT ", kJobColumns, " FROM jobs WHERE id = ?"));
    query.Bind(job);
    if (!query.Next()) return NotFound("JOB_NOT_FOUND", "job", job);
    return ReadJob(query);
  });
}

template <typename Base>
absl::StatusOr<Job> CatalogReads<Base>::GetTrainingJob(const std::string& run) {
  return connection_.Guard([&]() -> absl::StatusOr<Job> {
    Query query(connection_,
                absl::StrCat("SELECT ", kJobColumns,
                             " FROM jobs WHERE run = ? AND analysis = '' ORDER BY queue_position DESC LIMIT 1"));
    query.Bind(run);
    if (!query.Next()) return NotFound("JOB_NOT_FOUND", "training job of run", run);
    return ReadJob(query);
  });
}

template <typename Base>
absl::StatusOr<std::vector<Job>> CatalogReads<Base>::ListUnfinishedJobs() {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<Job>> {
    std::vector<Job> jobs;
    Query query(connection_, absl::StrCat("SELECT ", kJobColumns,
                                          " FROM jobs WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED') "
                                          "ORDER BY queue_position"));
    while (query.Next()) jobs.push_back(ReadJob(query));
    return jobs;
  });
}

template <typename Base>
absl::StatusOr<uint64_t> CatalogReads<Base>::CountQueuedJobs(uint64_t after, uint64_t through) {
  return connection_.Guard([&]() -> absl::StatusOr<uint64_t> {
    Query query(connection_,
                // The partial index's condition, word for word, then what is asked.
                "SELECT COUNT(*) FROM jobs WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED') "
                "AND state = 'QUEUED' AND queue_position > ? AND queue_position <= ?");
    query.Bind(Saturated(after), Saturated(through));
    return query.Next() ? static_cast<uint64_t>(query.Int(0)) : 0;
  });
}

template <typename Base>
absl::StatusOr<std::optional<RequestRecord>> CatalogReads<Base>::GetRequest(const std::string& request_id) {
  return connection_.Guard([&]() -> absl::StatusOr<std::optional<RequestRecord>> {
    Query query(connection_, "SELECT request_id, digest, resource FROM requests WHERE request_id = ?");
    query.Bind(request_id);
    if (!query.Next()) return std::optional<RequestRecord>();
    return std::make_optional(RequestRecord{query.Text(0), query.Text(1), query.Text(2)});
  });
}

template <typename Base>
absl::StatusOr<std::vector<Event>> CatalogReads<Base>::ListEvents(const std::string& run, uint64_t after_sequence,
                                                                  int limit) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<Event>> {
    // 0 is the start of what there is: nothing was promised to who never read.
    Query pruned(connection_, "SELECT pruned_through FROM event_log");
    if (after_sequence > 0 && pruned.Next() && Saturated(after_sequence) < pruned.Int(0)) {
      return MakeError(absl::StatusCode::kOutOfRange, "RESUME_TOKEN_EXPIRED",
                       "events after this resume token were pruned; read the run again and watch from now");
    }
    std::vector<Event> events;
    constexpr char kColumns[] =
        "sequence, run, job, time, state, reason, detail, attempt, segment, of_training, log_entries";
    const std::string of_run = run.empty() ? "" : "run = ? AND ";
    Query query(connection_, absl::StrCat("SELECT ", kColumns, " FROM events WHERE ", of_run,
                                          "sequence > ? ORDER BY sequence LIMIT ?"));
    if (!run.empty()) query.Bind(run);
    query.Bind(Saturated(after_sequence), limit);
    while (query.Next()) events.push_back(ReadEvent(query));
    return events;
  });
}

template <typename Base>
absl::StatusOr<v1::Analysis> CatalogReads<Base>::GetAnalysis(const std::string& run, const std::string& analysis) {
  return connection_.Guard([&]() -> absl::StatusOr<v1::Analysis> {
    Query query(connection_, absl::StrCat("SELECT ", kAnalysisColumns, " FROM analyses WHERE run = ? AND id = ?"));
    query.Bind(run, analysis);
    if (!query.Next()) return NotFound("ANALYSIS_NOT_FOUND", absl::StrCat("analysis of run ", run), analysis);
    return ReadWholeAnalysis(query, run);
  });
}

template <typename Base>
absl::StatusOr<std::optional<v1::Analysis>> CatalogReads<Base>::FindAnalysis(const std::string& run,
                                                                             const std::string& key) {
  return connection_.Guard([&]() -> absl::StatusOr<std::optional<v1::Analysis>> {
    Query query(connection_,
                absl::StrCat("SELECT ", kAnalysisColumns,
                             ", run FROM analyses WHERE key = ? AND run = ? AND state NOT IN ('FAILED', 'CANCELLED') "
                             "AND state <> 'CANCELLING'"));  // the partial index's condition, word for word
    query.Bind(key, run);
    while (query.Next()) {
      absl::StatusOr<v1::Analysis> found = ReadWholeAnalysis(query, query.Text(kAnalysisColumnCount));
      if (found.ok()) return std::make_optional(*std::move(found));
    }
    return std::optional<v1::Analysis>();  // a damaged one is computed anew, once
  });
}

template <typename Base>
absl::StatusOr<AnalysisPage> CatalogReads<Base>::ListAnalyses(const AnalysisQuery& request) {
  const std::string query_hash = absl::StrCat("analyses by sequence\n", request.run, "\n", request.kind);
  PagePosition position{std::numeric_limits<int64_t>::max(), ""};
  if (!request.page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(position, DecodePageToken(query_hash, request.page_token));
  }
  const std::string of_run = request.run.empty() ? "" : "run = ? AND ";
  const std::string of_kind = request.kind.empty() ? "" : "analysis = ? AND ";
  return connection_.Guard([&]() -> absl::StatusOr<AnalysisPage> {
    AnalysisPage page;
    PagePosition last;
    size_t bytes = 0;
    Query query(connection_, absl::StrCat("SELECT ", kAnalysisColumns, ", run, sequence FROM analyses WHERE ", of_run,
                                          of_kind, "sequence < ? ORDER BY sequence DESC LIMIT ?"));
    if (!request.run.empty()) query.Bind(request.run);
    if (!request.kind.empty()) query.Bind(request.kind);
    query.Bind(position.key, request.page_size + 1);
    while (query.Next()) {
      if (page.analyses.size() == request.page_size || bytes > limits::kMaxPageBytes) {
        page.next_page_token = EncodePageToken(query_hash, last);
        break;
      }
      last = {query.Int(kAnalysisColumnCount + 1), query.Text(0)};
      v1::Analysis analysis = ReadListedAnalysis(query, query.Text(kAnalysisColumnCount));
      // A long list of questions is read with its analysis, not with every list.
      constexpr int kListedQuestions = 20;
      if (analysis.question_set().list().questions_size() > kListedQuestions) {
        analysis.mutable_question_set()->clear_list();
      }
      bytes += analysis.ByteSizeLong();
      page.analyses.push_back(std::move(analysis));
    }
    return page;
  });
}

template <typename Base>
absl::StatusOr<FactPage> CatalogReads<Base>::ListFacts(const FactQuery& query) {
  return ReadFactPage(connection_, query);
}

template <typename Base>
absl::StatusOr<v1::UploadedQuestionSet> CatalogReads<Base>::GetQuestionSet(const std::string& sha256) {
  return connection_.Guard([&] { return ReadQuestionSetRow(connection_, sha256); });
}

template <typename Base>
absl::StatusOr<QuestionSetPage> CatalogReads<Base>::ListQuestionSets(uint32_t page_size,
                                                                     const std::string& page_token) {
  return ReadQuestionSetPage(connection_, page_size, page_token);
}

template <typename Base>
absl::StatusOr<std::vector<Removal>> CatalogReads<Base>::ListRemovals() {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<Removal>> { return ReadRemovals(connection_); });
}

template class CatalogReads<CatalogReader>;
template class CatalogReads<CatalogTransaction>;

}  // namespace sumscope::storage

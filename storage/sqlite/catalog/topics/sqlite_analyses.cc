#include "storage/sqlite/catalog/topics/sqlite_analyses.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/analysis_row.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/columns.h"
#include "storage/sqlite/catalog/rows/not_found.h"
#include "storage/sqlite/catalog/rows/run_order.h"
#include "storage/sqlite/catalog/rows/seen_runs.h"
#include "storage/sqlite/catalog/rows/sequence.h"
#include "storage/sqlite/catalog/topics/sqlite_facts.h"
#include "storage/sqlite/catalog/topics/sqlite_headlines.h"
#include "storage/sqlite/catalog/topics/sqlite_removals.h"

namespace sumscope::storage {
namespace {

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

}  // namespace

absl::StatusOr<v1::Analysis> SqliteAnalyses::Get(const Viewer& viewer, const std::string& run,
                                                 const std::string& analysis) {
  return connection_.Guard([&]() -> absl::StatusOr<v1::Analysis> {
    Query query(connection_, absl::StrCat("SELECT ", kAnalysisColumns, " FROM analyses WHERE run = ? AND id = ?",
                                          AndRunIsSeen(viewer, "analyses.run")));
    query.Bind(run, analysis);
    BindViewer(query, viewer);
    if (!query.Next()) return NotFound("ANALYSIS_NOT_FOUND", absl::StrCat("analysis of run ", run), analysis);
    return ReadWholeAnalysis(query, run);
  });
}

absl::StatusOr<std::optional<v1::Analysis>> SqliteAnalyses::Find(const Viewer& viewer, const std::string& run,
                                                                 const std::string& key) {
  return connection_.Guard([&]() -> absl::StatusOr<std::optional<v1::Analysis>> {
    Query query(connection_,
                absl::StrCat("SELECT ", kAnalysisColumns,
                             ", run FROM analyses WHERE key = ? AND run = ? AND state NOT IN ('FAILED', 'CANCELLED') "
                             "AND state <> 'CANCELLING'",  // the partial index's condition, word for word
                             AndRunIsSeen(viewer, "analyses.run")));
    query.Bind(key, run);
    BindViewer(query, viewer);
    while (query.Next()) {
      absl::StatusOr<v1::Analysis> found = ReadWholeAnalysis(query, query.Text(kAnalysisColumnCount));
      if (found.ok()) return std::make_optional(*std::move(found));
    }
    return std::optional<v1::Analysis>();  // a damaged one is computed anew, once
  });
}

absl::StatusOr<AnalysisPage> SqliteAnalyses::List(const Viewer& viewer, const AnalysisQuery& request) {
  const std::string query_hash = absl::StrCat("analyses by sequence\n", request.run, "\n", request.kind);
  PagePosition position{std::numeric_limits<int64_t>::max(), ""};
  if (!request.page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(position, DecodePageToken(seal_, query_hash, request.page_token));
  }
  const std::string of_run = request.run.empty() ? "" : "run = ? AND ";
  const std::string of_kind = request.kind.empty() ? "" : "analysis = ? AND ";
  return connection_.Guard([&]() -> absl::StatusOr<AnalysisPage> {
    AnalysisPage page;
    PagePosition last;
    size_t bytes = 0;
    Query query(connection_,
                absl::StrCat("SELECT ", kAnalysisColumns, ", run, sequence FROM analyses WHERE ", of_run, of_kind,
                             "sequence < ?", AndRunIsSeen(viewer, "analyses.run"), " ORDER BY sequence DESC LIMIT ?"));
    if (!request.run.empty()) query.Bind(request.run);
    if (!request.kind.empty()) query.Bind(request.kind);
    query.Bind(position.key);
    BindViewer(query, viewer);
    query.Bind(request.page_size + 1);
    while (query.Next()) {
      if (page.analyses.size() == request.page_size || bytes > limits::kMaxPageBytes) {
        page.next_page_token = EncodePageToken(seal_, query_hash, last);
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

absl::Status SqliteAnalyses::Put(const v1::Analysis& analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRow row, ToAnalysisRow(analysis));
  SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef name, ParseAnalysisName(analysis.name()));
  return connection_.Guard([&] {
    Query query(connection_, absl::StrCat("INSERT INTO analyses (", kAnalysisColumns,
                                          ", run, uploaded, sequence) VALUES (", Marks(kAnalysisColumnCount + 3),
                                          ") ON CONFLICT (run, id) DO UPDATE SET uploaded = excluded.uploaded, ",
                                          TakeOver(kAnalysisColumns, {"id"})));
    BindAnalysis(query, row);
    query.Bind(name.run, analysis.question_set().uploaded().sha256(), NextSequence(connection_)).Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteAnalyses::Remove(const std::string& run, const std::string& analysis) {
  return connection_.Guard([&] {
    SqliteFacts::Delete(connection_, run, analysis);
    SqliteHeadlines::Delete(connection_, run, analysis);
    Query(connection_,
          absl::StrCat(SqliteRemovals::kInsert, "SELECT run, id, '' FROM analyses WHERE run = ? AND id = ?"))
        .Bind(run, analysis)
        .Run();
    Query(connection_, "DELETE FROM analyses WHERE run = ? AND id = ?").Bind(run, analysis).Run();
    // '' stands for the training.
    Query(connection_, "DELETE FROM jobs WHERE run = ? AND analysis = ? AND analysis <> ''").Bind(run, analysis).Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage

#include "storage/sqlite/run_file/record_rows.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/base/analysis_row.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

const std::string& AnalysisColumns() {
  static const auto* const kColumns = new std::string(absl::StrCat(kAnalysisColumns, ", request, result, checksum"));
  return *kColumns;
}

std::optional<int64_t> StepOf(const LogEntry& entry) {
  return entry.checkpoint_step.has_value() ? std::make_optional(Saturated(*entry.checkpoint_step)) : std::nullopt;
}

std::string Checksum(const LogEntry& entry) {
  return RowChecksum()
      .Int(Saturated(entry.sequence))
      .Int(ToNanos(entry.time))
      .Text(entry.severity)
      .Text(entry.text)
      .OptionalInt(StepOf(entry))
      .Digest();
}

}  // namespace

void InsertLogEntry(Connection& connection, const LogEntry& entry) {
  Query(connection,
        "INSERT INTO log (sequence, time, severity, text, checkpoint_step, checksum) VALUES (?, ?, ?, ?, ?, ?)")
      .Bind(Saturated(entry.sequence), ToNanos(entry.time), entry.severity, entry.text, StepOf(entry), Checksum(entry))
      .Run();
}

absl::StatusOr<std::vector<LogEntry>> ReadLog(Connection& connection, uint64_t after_sequence, int limit) {
  std::vector<LogEntry> entries;
  Query query(connection,
              "SELECT sequence, time, severity, text, checkpoint_step, checksum FROM log WHERE sequence > ? "
              "ORDER BY sequence LIMIT ?");
  query.Bind(Saturated(after_sequence), limit);
  while (query.Next()) {
    LogEntry entry;
    entry.sequence = static_cast<uint64_t>(query.Int(0));
    entry.time = FromNanos(query.Int(1));
    entry.severity = query.Text(2);
    entry.text = query.Text(3);
    if (const auto step = query.OptionalInt(4)) entry.checkpoint_step = static_cast<uint64_t>(*step);
    if (entry.sequence != after_sequence + entries.size() + 1 || query.Text(5) != Checksum(entry)) {
      return connection.Corrupt(absl::StrCat("the log after entry ", after_sequence + entries.size(), " is damaged"));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::StatusOr<bool> PutAnalysisRow(Connection& connection, const v1::Analysis& analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRow row, ToAnalysisRow(analysis));
  Query exists(connection, "SELECT 1 FROM analyses WHERE id = ?");
  const bool is_new = !exists.Bind(row.id).Next();
  // Updated in place: rowids are the order in which analyses were asked.
  Query query(connection,
              absl::StrCat("INSERT INTO analyses (", AnalysisColumns(),
                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO "
                           "UPDATE SET (",
                           AnalysisColumns(), ") = (excluded.",
                           absl::StrReplaceAll(AnalysisColumns(), {{", ", ", excluded."}}), ")"));
  BindAnalysis(query, row);
  query.Bind(row.request, row.result, AnalysisChecksum(row)).Run();
  return is_new;
}

bool DeleteAnalysisRow(Connection& connection, const std::string& analysis) {
  Query query(connection, "DELETE FROM analyses WHERE id = ? RETURNING id");
  query.Bind(analysis);
  if (!query.Next()) return false;
  query.Run();
  return true;
}

absl::StatusOr<std::vector<v1::Analysis>> ReadAnalyses(Connection& connection, const std::string& run,
                                                       const std::string& analysis) {
  std::vector<v1::Analysis> analyses;
  Query query(connection, absl::StrCat("SELECT ", AnalysisColumns(), " FROM analyses ",
                                       analysis.empty() ? "" : "WHERE id = ? ", "ORDER BY rowid"));
  if (!analysis.empty()) query.Bind(analysis);
  while (query.Next()) {
    AnalysisRow row = ReadAnalysis(query, 0);
    row.request = query.OptionalText(kAnalysisColumnCount);
    row.result = query.OptionalText(kAnalysisColumnCount + 1);
    if (query.Text(kAnalysisColumnCount + 2) != AnalysisChecksum(row)) {
      return connection.Corrupt(absl::StrCat("analysis ", row.id, " is damaged"));
    }
    absl::StatusOr<v1::Analysis> found = FromAnalysisRow(run, row);
    if (!found.ok()) return connection.Corrupt(absl::StrCat("analysis ", row.id, ": ", found.status().message()));
    analyses.push_back(*std::move(found));
  }
  return analyses;
}

}  // namespace sumscope::storage

#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_ANALYSIS_ROW_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_ANALYSIS_ROW_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/sqlite/base/query.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::storage {

// An analysis as columns; the catalog has all but `request` and `result`.
struct AnalysisRow {
  std::string id, analysis, checkpoint, state, state_reason, state_detail;
  double progress = 0;
  int64_t create_time = 0;
  std::optional<int64_t> end_time;
  std::string owner, key, job;
  std::optional<std::string> question_set, provenance, request, result;  // JSON
};

// The columns both tables share, in the order of BindAnalysis and ReadAnalysis: 14 of them.
inline constexpr absl::string_view kAnalysisColumns =
    "id, analysis, checkpoint, state, state_reason, state_detail, progress, create_time, end_time, owner, key, job, "
    "question_set, provenance";
inline constexpr int kAnalysisColumnCount = 14;

// INVALID_ARGUMENT when the name is not runs/{run}/analyses/{analysis}.
absl::StatusOr<AnalysisRow> ToAnalysisRow(const v1::Analysis& analysis);
// INTERNAL when a JSON column cannot be read.
absl::StatusOr<v1::Analysis> FromAnalysisRow(const std::string& run, const AnalysisRow& row);

// These throw SQLite::Exception.
void BindAnalysis(Query& query, const AnalysisRow& row);
AnalysisRow ReadAnalysis(Query& query, int first_column);

std::string AnalysisChecksum(const AnalysisRow& row);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_ANALYSIS_ROW_H_

#ifndef SUMSCOPE_STORAGE_SQLITE_RUN_FILE_RECORD_ROWS_H_
#define SUMSCOPE_STORAGE_SQLITE_RUN_FILE_RECORD_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/run_file.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// Log entries and analyses as rows, each with a checksum. These throw SQLite::Exception: use inside Guard.
void InsertLogEntry(Connection& connection, const LogEntry& entry);
// DATA_LOSS when an entry is damaged, or missing from the dense sequence.
absl::StatusOr<std::vector<LogEntry>> ReadLog(Connection& connection, uint64_t after_sequence, int limit);

// Returns whether it is new.
absl::StatusOr<bool> PutAnalysisRow(Connection& connection, const v1::Analysis& analysis);
// Returns whether it was there.
bool DeleteAnalysisRow(Connection& connection, const std::string& analysis);
// All of them (`analysis` empty), oldest first, or one.
absl::StatusOr<std::vector<v1::Analysis>> ReadAnalyses(Connection& connection, const std::string& run,
                                                       const std::string& analysis);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_RUN_FILE_RECORD_ROWS_H_

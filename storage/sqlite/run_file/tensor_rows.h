#ifndef SUMSCOPE_STORAGE_SQLITE_RUN_FILE_TENSOR_ROWS_H_
#define SUMSCOPE_STORAGE_SQLITE_RUN_FILE_TENSOR_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/run_file.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// Tensor sets as rows: see RunFileTransaction and RunFile. These throw SQLite::Exception: use inside Guard.
absl::StatusOr<int64_t> InsertTensorSet(Connection& connection, TensorSetKind kind, uint64_t step,
                                        const std::vector<StoredTensor>& tensors, absl::Time now);
absl::Status InsertChunks(Connection& connection, int64_t set, absl::string_view bytes);
// *finished_sets counts them, and is moved on.
absl::Status FinishSet(Connection& connection, int64_t set, std::optional<double> heldout_loss, int64_t* finished_sets);

// Finished sets of a kind by step, each row verified. DATA_LOSS when fewer than `finished_sets` of all kinds are there.
absl::StatusOr<std::vector<TensorSet>> ReadTensorSets(Connection& connection, TensorSetKind kind,
                                                      int64_t finished_sets);
absl::StatusOr<std::string> ReadChunks(Connection& connection, int64_t set, uint64_t offset, uint64_t length);
int64_t CountUnfinishedSets(Connection& connection);
void DeleteUnfinishedSets(Connection& connection);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_RUN_FILE_TENSOR_ROWS_H_

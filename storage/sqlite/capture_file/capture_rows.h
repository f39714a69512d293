#ifndef SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_CAPTURE_ROWS_H_
#define SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_CAPTURE_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/capture_file.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// A capture as rows of its own database. These throw SQLite::Exception: use inside Guard.

// `data` is of limits::kMaxChunkBytes; the last one may be shorter.
void InsertCaptureChunk(Connection& connection, uint64_t first_byte, absl::string_view data);
void InsertCaptureTensors(Connection& connection, const std::vector<CaptureTensor>& tensors);

// DATA_LOSS CAPTURE_FILE_CORRUPT.
absl::StatusOr<std::vector<CaptureTensor>> ReadCaptureTensors(Connection& connection);
// The range lies within the data. DATA_LOSS CHUNK_CORRUPT.
absl::StatusOr<std::string> ReadCaptureBytes(Connection& connection, uint64_t offset, uint64_t length);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_CAPTURE_ROWS_H_

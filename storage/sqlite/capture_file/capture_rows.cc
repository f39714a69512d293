#include "storage/sqlite/capture_file/capture_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/sha256.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/tensor_layout.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

uint64_t EndOf(const std::vector<CaptureTensor>& tensors) {
  return tensors.empty() ? 0 : tensors.back().offset + tensors.back().tensor.bytes;
}

std::string Checksum(const std::vector<CaptureTensor>& tensors) {
  RowChecksum sum;
  sum.Int(Saturated(EndOf(tensors)));
  for (const CaptureTensor& tensor : tensors) {
    sum.Text(tensor.tensor.name).Text(tensor.tensor.dtype).Text(ShapeText(tensor.tensor.shape));
    sum.Int(Saturated(tensor.offset)).Int(Saturated(tensor.tensor.bytes)).Text(tensor.sha256);
  }
  return sum.Digest();
}

}  // namespace

void InsertCaptureChunk(Connection& connection, uint64_t first_byte, absl::string_view data) {
  Query(connection, "INSERT INTO chunks (first_byte, sha256, data) VALUES (?, ?, ?)")
      .Bind(first_byte, Sha256Hex(data), BlobView{data})
      .Run();
}

void InsertCaptureTensors(Connection& connection, const std::vector<CaptureTensor>& tensors) {
  int64_t position = 0;
  for (const CaptureTensor& tensor : tensors) {
    Query(connection,
          "INSERT INTO tensors (position, name, dtype, shape, byte_order, first_byte, bytes, sha256) VALUES (?, ?, ?, "
          "?, 'little', ?, ?, ?)")
        .Bind(position++, tensor.tensor.name, tensor.tensor.dtype, ShapeText(tensor.tensor.shape),
              Saturated(tensor.offset), Saturated(tensor.tensor.bytes), tensor.sha256)
        .Run();
  }
  Query(connection, "INSERT INTO capture (id, data_bytes, checksum) VALUES (1, ?, ?)")
      .Bind(Saturated(EndOf(tensors)), Checksum(tensors))
      .Run();
}

absl::StatusOr<std::vector<CaptureTensor>> ReadCaptureTensors(Connection& connection) {
  std::vector<CaptureTensor> tensors;
  Query query(connection,
              "SELECT name, dtype, shape, byte_order, first_byte, bytes, sha256 FROM tensors ORDER BY position");
  while (query.Next()) {
    CaptureTensor tensor;
    tensor.tensor.name = query.Text(0);
    tensor.tensor.dtype = query.Text(1);
    auto shape = ParseShape(query.Text(2));
    if (!shape.has_value()) return connection.Corrupt("a tensor's shape is damaged");
    tensor.tensor.shape = *std::move(shape);
    if (query.Text(3) != "little") return connection.Corrupt("a tensor has an unknown byte order");
    tensor.offset = static_cast<uint64_t>(query.Int(4));
    tensor.tensor.bytes = static_cast<uint64_t>(query.Int(5));
    tensor.sha256 = query.Text(6);
    tensors.push_back(std::move(tensor));
  }
  Query capture(connection, "SELECT data_bytes, checksum FROM capture WHERE id = 1");
  if (!capture.Next() || capture.Int(0) != Saturated(EndOf(tensors)) || capture.Text(1) != Checksum(tensors)) {
    return connection.Corrupt("its tensors are described wrongly");
  }
  return tensors;
}

absl::StatusOr<std::string> ReadCaptureBytes(Connection& connection, uint64_t offset, uint64_t length) {
  std::string bytes;
  bytes.reserve(length);
  uint64_t expected = offset - offset % limits::kMaxChunkBytes;  // first byte of the next chunk
  Query query(connection,
              "SELECT first_byte, sha256, data FROM chunks WHERE first_byte >= ? AND first_byte < ? ORDER BY "
              "first_byte");
  query.Bind(expected, offset + length);
  while (bytes.size() < length && query.Next()) {
    const absl::string_view data = query.Blob(2);
    const uint64_t skip = offset + bytes.size() - expected;
    if (static_cast<uint64_t>(query.Int(0)) != expected || skip >= data.size() || query.Text(1) != Sha256Hex(data)) {
      break;
    }
    absl::StrAppend(&bytes, data.substr(skip, length - bytes.size()));
    expected += data.size();
  }
  if (bytes.size() == length) return bytes;
  return MakeError(absl::StatusCode::kDataLoss, "CHUNK_CORRUPT",
                   absl::StrCat(connection.file().path, ": bytes from ", offset + bytes.size(),
                                " on are damaged or missing; remove the capture and capture again"));
}

}  // namespace sumscope::storage

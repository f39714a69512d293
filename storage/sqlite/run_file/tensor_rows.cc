#include "storage/sqlite/run_file/tensor_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/safetensors/safetensors.h"
#include "proto/contract/text/sha256.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/tensor_layout.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

int64_t ChunkId(int64_t set, uint64_t first_byte) {
  return set << kTensorOffsetBits | static_cast<int64_t>(first_byte);
}

const char* NameOf(TensorSetKind kind) { return kind == TensorSetKind::kWeights ? "weights" : "resume_state"; }

constexpr char kSetColumns[] =
    "id, kind, step, create_time, finished, data_bytes, file_bytes, sha256, heldout_loss, checksum";

std::string Checksum(const TensorSet& set, bool finished) {
  RowChecksum sum;
  sum.Int(set.id).Text(NameOf(set.kind)).Int(Saturated(set.step)).Int(ToNanos(set.create_time)).Int(finished);
  sum.Int(Saturated(set.data_bytes)).Int(Saturated(set.file_bytes)).Text(set.sha256).OptionalReal(set.heldout_loss);
  for (const StoredTensor& tensor : set.tensors) {
    sum.Text(tensor.name).Text(tensor.dtype).Text(ShapeText(tensor.shape)).Int(Saturated(tensor.bytes));
  }
  return sum.Digest();
}

void WriteSetRow(Connection& connection, const TensorSet& set, bool finished) {
  Query(connection,
        "UPDATE tensor_sets SET kind = ?, step = ?, create_time = ?, finished = ?, data_bytes = ?, file_bytes = ?, "
        "sha256 = ?, heldout_loss = ?, checksum = ? WHERE id = ?")
      .Bind(NameOf(set.kind), Saturated(set.step), ToNanos(set.create_time), finished, Saturated(set.data_bytes),
            Saturated(set.file_bytes), set.sha256, set.heldout_loss, Checksum(set, finished), set.id)
      .Run();
}

absl::Status ReadTensors(Connection& connection, TensorSet* set) {
  Query query(connection,
              "SELECT name, dtype, shape, byte_order, bytes FROM tensors WHERE set_id = ? ORDER BY position");
  query.Bind(set->id);
  while (query.Next()) {
    StoredTensor tensor;
    tensor.name = query.Text(0);
    tensor.dtype = query.Text(1);
    auto shape = ParseShape(query.Text(2));
    if (!shape.has_value()) return connection.Corrupt("a tensor's shape is damaged");
    tensor.shape = *std::move(shape);
    if (query.Text(3) != "little") return connection.Corrupt("a tensor has an unknown byte order");
    tensor.bytes = static_cast<uint64_t>(query.Int(4));
    set->tensors.push_back(std::move(tensor));
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorSet> ReadSet(Connection& connection, Query& row) {
  TensorSet set;
  set.id = row.Int(0);
  set.kind = row.Text(1) == "weights" ? TensorSetKind::kWeights : TensorSetKind::kResumeState;
  set.step = static_cast<uint64_t>(row.Int(2));
  set.create_time = FromNanos(row.Int(3));
  const bool finished = row.Int(4) != 0;
  set.data_bytes = static_cast<uint64_t>(row.Int(5));
  set.file_bytes = static_cast<uint64_t>(row.Int(6));
  set.sha256 = row.Text(7);
  set.heldout_loss = row.OptionalReal(8);
  SUMSCOPE_RETURN_IF_ERROR(ReadTensors(connection, &set));
  if (row.Text(9) != Checksum(set, finished)) {
    return connection.Corrupt(absl::StrCat("the tensors of step ", set.step, " are described wrongly"));
  }
  return set;
}

absl::StatusOr<TensorSet> ReadUnfinished(Connection& connection, int64_t set) {
  Query query(connection, absl::StrCat("SELECT ", kSetColumns, " FROM tensor_sets WHERE id = ? AND finished = 0"));
  query.Bind(set);
  if (!query.Next()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "TENSOR_SET_UNKNOWN",
                     "there is no unfinished tensor set of this id");
  }
  return ReadSet(connection, query);
}

uint64_t StoredBytes(Connection& connection, int64_t set) {
  Query query(connection,
              "SELECT first_byte + length(data) FROM chunks WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1");
  query.Bind(ChunkId(set, 0), ChunkId(set + 1, 0));
  return query.Next() ? static_cast<uint64_t>(query.Int(0)) : 0;
}

// Hash and size of the safetensors file that these tensors make.
absl::Status HashFile(Connection& connection, TensorSet* set) {
  std::vector<SafetensorsTensor> tensors;
  for (const StoredTensor& tensor : set->tensors) tensors.push_back({tensor.name, tensor.dtype, tensor.shape});
  const std::string prefix = MakeSafetensorsPrefix(tensors, {});
  Sha256 hash;
  hash.Update(prefix);
  for (uint64_t at = 0; at < set->data_bytes; at += limits::kMaxChunkBytes) {
    const uint64_t length = std::min<uint64_t>(limits::kMaxChunkBytes, set->data_bytes - at);
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string bytes, ReadChunks(connection, set->id, at, length));
    hash.Update(bytes);
  }
  set->sha256 = hash.HexDigest();
  set->file_bytes = prefix.size() + set->data_bytes;
  return absl::OkStatus();
}

// Removes finished sets that the new one takes the place of. Returns false when an equal one stays instead.
absl::StatusOr<bool> MakeRoom(Connection& connection, const TensorSet& set, int64_t* finished_sets) {
  std::vector<int64_t> replaced;
  {
    Query query(
        connection,
        "SELECT id, sha256 FROM tensor_sets WHERE finished = 1 AND kind = ? AND (step = ? OR kind = 'resume_state')");
    query.Bind(NameOf(set.kind), Saturated(set.step));
    while (query.Next()) {
      if (set.kind == TensorSetKind::kWeights && query.Text(1) == set.sha256) return false;
      replaced.push_back(query.Int(0));
    }
  }
  for (const int64_t id : replaced) Query(connection, "DELETE FROM tensor_sets WHERE id = ?").Bind(id).Run();
  *finished_sets -= static_cast<int64_t>(replaced.size());
  return true;
}

}  // namespace

absl::StatusOr<int64_t> InsertTensorSet(Connection& connection, TensorSetKind kind, uint64_t step,
                                        const std::vector<StoredTensor>& tensors, absl::Time now) {
  TensorSet set;
  set.kind = kind;
  set.step = step;
  set.create_time = FromNanos(ToNanos(now));
  set.tensors = tensors;
  SUMSCOPE_ASSIGN_OR_RETURN(set.data_bytes, TensorDataBytes(tensors));
  Query(connection,
        "INSERT INTO tensor_sets (kind, step, create_time, finished, data_bytes, file_bytes, sha256, checksum) "
        "VALUES ('', 0, 0, 0, 0, 0, '', '')")
      .Run();
  set.id = connection.last_insert_rowid();
  for (size_t i = 0; i < tensors.size(); ++i) {
    Query(connection,
          "INSERT INTO tensors (set_id, position, name, dtype, shape, byte_order, bytes) VALUES (?, ?, ?, ?, ?, "
          "'little', ?)")
        .Bind(set.id, static_cast<int64_t>(i), tensors[i].name, tensors[i].dtype, ShapeText(tensors[i].shape),
              Saturated(tensors[i].bytes))
        .Run();
  }
  WriteSetRow(connection, set, /*finished=*/false);
  return set.id;
}

absl::Status InsertChunks(Connection& connection, int64_t set, absl::string_view bytes) {
  uint64_t at = StoredBytes(connection, set);
  while (!bytes.empty()) {
    const absl::string_view piece = bytes.substr(0, limits::kMaxChunkBytes);
    Query(connection, "INSERT INTO chunks (id, set_id, first_byte, sha256, data) VALUES (?, ?, ?, ?, ?)")
        .Bind(ChunkId(set, at), set, at, Sha256Hex(piece), BlobView{piece})
        .Run();
    at += piece.size();
    bytes.remove_prefix(piece.size());
  }
  return absl::OkStatus();
}

absl::Status FinishSet(Connection& connection, int64_t id, std::optional<double> heldout_loss, int64_t* finished_sets) {
  SUMSCOPE_ASSIGN_OR_RETURN(TensorSet set, ReadUnfinished(connection, id));
  if (const uint64_t stored = StoredBytes(connection, id); stored != set.data_bytes) {
    return MakeError(absl::StatusCode::kDataLoss, "TENSOR_SET_INCOMPLETE",
                     absl::StrCat(stored, " of ", set.data_bytes, " bytes of the tensors came in"));
  }
  SUMSCOPE_RETURN_IF_ERROR(HashFile(connection, &set));
  set.heldout_loss = heldout_loss;
  SUMSCOPE_ASSIGN_OR_RETURN(const bool is_new, MakeRoom(connection, set, finished_sets));
  if (!is_new) {
    Query(connection, "DELETE FROM tensor_sets WHERE id = ?").Bind(id).Run();
    return absl::OkStatus();
  }
  WriteSetRow(connection, set, /*finished=*/true);
  ++*finished_sets;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<TensorSet>> ReadTensorSets(Connection& connection, TensorSetKind kind,
                                                      int64_t finished_sets) {
  std::vector<TensorSet> sets;
  int64_t seen = 0;
  Query query(connection,
              absl::StrCat("SELECT ", kSetColumns, " FROM tensor_sets WHERE finished = 1 ORDER BY step, id"));
  while (query.Next()) {
    ++seen;
    SUMSCOPE_ASSIGN_OR_RETURN(TensorSet set, ReadSet(connection, query));
    if (set.kind == kind) sets.push_back(std::move(set));
  }
  if (seen != finished_sets) {
    return connection.Corrupt(absl::StrCat("it should hold ", finished_sets, " sets of tensors and holds ", seen));
  }
  return sets;
}

absl::StatusOr<std::string> ReadChunks(Connection& connection, int64_t set, uint64_t offset, uint64_t length) {
  std::string bytes;
  bytes.reserve(length);
  Query query(connection,
              "SELECT first_byte, sha256, data FROM chunks WHERE id >= (SELECT max(id) FROM chunks WHERE id <= ? AND "
              "id >= ?) AND id < ? ORDER BY id");
  query.Bind(ChunkId(set, offset), ChunkId(set, 0), ChunkId(set, offset + length));
  while (query.Next()) {
    const uint64_t first = static_cast<uint64_t>(query.Int(0));
    const absl::string_view data = query.Blob(2);
    if (query.Text(1) != Sha256Hex(data) || first > offset + bytes.size()) break;
    const uint64_t skip = offset + bytes.size() - first;
    if (skip >= data.size()) break;
    absl::StrAppend(&bytes, data.substr(skip, length - bytes.size()));
  }
  if (bytes.size() != length) {
    return MakeError(absl::StatusCode::kDataLoss, "CHUNK_CORRUPT",
                     absl::StrCat(connection.file().path, ": tensor bytes from ", offset + bytes.size(),
                                  " on are damaged or missing; restore the file from a backup"));
  }
  return bytes;
}

int64_t CountUnfinishedSets(Connection& connection) {
  Query query(connection, "SELECT count(*) FROM tensor_sets WHERE finished = 0");
  return query.Next() ? query.Int(0) : 0;
}

void DeleteUnfinishedSets(Connection& connection) {
  Query(connection, "DELETE FROM tensor_sets WHERE finished = 0").Run();
}

}  // namespace sumscope::storage

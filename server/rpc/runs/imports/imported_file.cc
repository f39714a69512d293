#include "server/rpc/runs/imports/imported_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/foreign_model.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/safetensors/safetensors.h"
#include "server/rpc/runs/imports/foreign_weights.h"

namespace sumscope::rpc {
namespace {

// What a header takes in memory while it is read, for each of its bytes: the worst has nothing but tiny metadata.
constexpr uint64_t kHeldOfHeaderByte = 15;

struct ReadModel {
  ForeignModel model;
  uint64_t data_offset;  // of the tensors' bytes in the file
};

// Reads the header, whole, in the room's memory, and what model it describes.
absl::StatusOr<ReadModel> ReadHeader(const v1::ImportHeader& header, const v1::TrainSpec& like,
                                     const UploadSpool& spool, IncomingRoom* room) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string first, spool.Read(0, std::min<uint64_t>(8, spool.size())));
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t prefix_bytes, SafetensorsPrefixBytes(first, spool.size()));
  IncomingRoom::Hold memory(room);
  SUMSCOPE_RETURN_IF_ERROR(memory.HoldMemory(kHeldOfHeaderByte * prefix_bytes));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string prefix, spool.Read(0, std::min(prefix_bytes, spool.size())));
  SUMSCOPE_ASSIGN_OR_RETURN(const SafetensorsHeader file, ParseSafetensorsHeader(prefix, spool.size()));
  SUMSCOPE_ASSIGN_OR_RETURN(ForeignModel model,
                            ReadForeignModel(file, header.has_operation() ? header.operation() : v1::ADD,
                                             like.has_n_heads() ? std::make_optional(like.n_heads()) : std::nullopt));
  return ReadModel{std::move(model), file.data_offset};
}

template <typename Float>
bool AllFinite(const std::string& bytes) {
  for (size_t i = 0; i + sizeof(Float) <= bytes.size(); i += sizeof(Float)) {
    Float value;
    std::memcpy(&value, bytes.data() + i, sizeof(value));
    if (!std::isfinite(value)) return false;
  }
  return true;
}

// Whether every weight of the tensor, whose bytes lie at `begin` of all, is a number.
absl::Status CheckFinite(ForeignWeights* weights, size_t index, uint64_t begin) {
  const ForeignTensor& tensor = weights->model().tensors[index];
  const uint64_t end = begin + weights->TensorBytes(index);
  for (uint64_t at = begin; at < end; at += limits::kMaxChunkBytes) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string bytes,
                              weights->Read(at, std::min<uint64_t>(limits::kMaxChunkBytes, end - at)));
    if (!(weights->model().dtype == "F64" ? AllFinite<double>(bytes) : AllFinite<float>(bytes))) {
      return MakeError(absl::StatusCode::kInvalidArgument, "WEIGHTS_NOT_FINITE",
                       absl::StrCat("tensor ", tensor.name, " holds NaN or infinity; a model needs finite weights"),
                       {{"tensor", tensor.name}});
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImportedFile> ReadImportedFile(const v1::ImportHeader& header, const UploadSpool& spool,
                                              IncomingRoom* room) {
  v1::TrainSpec like;
  if (!header.like_model_name().empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(like, ParseModelName(header.like_model_name()));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(ReadModel read, ReadHeader(header, like, spool, room));
  SUMSCOPE_RETURN_IF_ERROR(CheckLike(read.model.spec, like));
  ImportedFile imported;
  imported.spec = read.model.spec;
  imported.weights.notes = read.model.notes;
  // Shared by the copies of the reading function.
  const auto weights = std::make_shared<ForeignWeights>(spool, read.data_offset, std::move(read.model), room);
  uint64_t offset = 0;
  for (size_t i = 0; i < weights->model().tensors.size(); ++i) {
    SUMSCOPE_RETURN_IF_ERROR(CheckFinite(weights.get(), i, offset));
    const ForeignTensor& tensor = weights->model().tensors[i];
    imported.weights.tensors.push_back({tensor.name, weights->model().dtype, tensor.shape, weights->TensorBytes(i)});
    offset += weights->TensorBytes(i);
  }
  imported.weights.data_bytes = offset;
  imported.weights.read = [weights](uint64_t from, uint64_t length) { return weights->Read(from, length); };
  return imported;
}

}  // namespace sumscope::rpc

#include "server/rpc/imported_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/complete_spec.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/model_names.h"
#include "proto/contract/model_shapes.h"
#include "proto/contract/safetensors.h"

namespace sumscope::rpc {
namespace {

absl::StatusOr<SafetensorsHeader> ReadHeader(const UploadSpool& spool) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string first, spool.Read(0, std::min<uint64_t>(8, spool.size())));
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t prefix_bytes, SafetensorsPrefixBytes(first, spool.size()));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string prefix, spool.Read(0, std::min(prefix_bytes, spool.size())));
  return ParseSafetensorsHeader(prefix, spool.size());
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

absl::Status CheckFinite(const UploadSpool& spool, uint64_t file_offset, const SafetensorsTensor& tensor) {
  for (uint64_t at = tensor.begin; at < tensor.end; at += limits::kMaxChunkBytes) {
    const uint64_t length = std::min<uint64_t>(limits::kMaxChunkBytes, tensor.end - at);
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string bytes, spool.Read(file_offset + at, length));
    if (!(tensor.dtype == "F64" ? AllFinite<double>(bytes) : AllFinite<float>(bytes))) {
      return MakeError(absl::StatusCode::kInvalidArgument, "WEIGHTS_NOT_FINITE",
                       absl::StrCat("tensor ", tensor.name, " holds NaN or infinity; a model needs finite weights"),
                       {{"tensor", tensor.name}});
    }
  }
  return absl::OkStatus();
}

// One piece of the concatenated weights and where it lies in the upload.
struct Extent {
  uint64_t begin, end;  // of the concatenated bytes
  uint64_t file_offset;
};

absl::StatusOr<std::string> ReadExtents(const UploadSpool& spool, const std::vector<Extent>& extents, uint64_t offset,
                                        uint64_t length) {
  std::string bytes;
  for (const Extent& extent : extents) {
    const uint64_t from = std::max(offset, extent.begin), to = std::min(offset + length, extent.end);
    if (from >= to) continue;
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string part, spool.Read(extent.file_offset + from - extent.begin, to - from));
    bytes += part;
  }
  return bytes;
}

}  // namespace

absl::StatusOr<ImportedFile> ReadImportedFile(const v1::ImportHeader& header, const UploadSpool& spool) {
  SUMSCOPE_ASSIGN_OR_RETURN(const SafetensorsHeader file, ReadHeader(spool));
  ImportedFile imported;
  SUMSCOPE_ASSIGN_OR_RETURN(imported.spec, InferSpec(file, header.has_operation() ? header.operation() : v1::ADD));
  if (!header.like_model_name().empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::TrainSpec like, ParseModelName(header.like_model_name()));
    SUMSCOPE_RETURN_IF_ERROR(CheckLike(imported.spec, like));
  }

  std::map<std::string, const SafetensorsTensor*> by_name;
  for (const SafetensorsTensor& tensor : file.tensors) by_name[tensor.name] = &tensor;
  // Weights are kept as they came; analyses of a float64 model run in float64.
  const std::string dtype = by_name.at(ModelTensors(imported.spec).front().name)->dtype;
  if (dtype == "F64") imported.spec.set_precision(v1::FLOAT64);
  std::vector<Extent> extents;
  uint64_t offset = 0;
  for (const SafetensorsTensor& expected : ModelTensors(imported.spec)) {
    const SafetensorsTensor& tensor = *by_name.at(expected.name);  // InferSpec saw it
    if (tensor.dtype != dtype) {
      return MakeError(absl::StatusCode::kInvalidArgument, "MODEL_TENSOR_DTYPE",
                       absl::StrCat("tensor ", tensor.name, " is ", tensor.dtype, ", others are ", dtype,
                                    "; all weights must have one type"),
                       {{"tensor", tensor.name}});
    }
    SUMSCOPE_RETURN_IF_ERROR(CheckFinite(spool, file.data_offset, tensor));
    const uint64_t bytes = tensor.end - tensor.begin;
    imported.weights.tensors.push_back({tensor.name, tensor.dtype, tensor.shape, bytes});
    extents.push_back({offset, offset + bytes, file.data_offset + tensor.begin});
    offset += bytes;
  }
  imported.weights.data_bytes = offset;
  imported.weights.read = [&spool, extents](uint64_t from, uint64_t length) {
    return ReadExtents(spool, extents, from, length);
  };
  return imported;
}

}  // namespace sumscope::rpc

#include "server/worker/convert/tensors.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors travel as this machine's own bytes");

namespace sumscope::worker {
namespace {

struct Dtype {
  const char* name;
  torch::ScalarType type;
  uint64_t bytes;
};
constexpr Dtype kDtypes[] = {
    {"F32", torch::kFloat32, 4}, {"F64", torch::kFloat64, 8}, {"I64", torch::kInt64, 8}, {"U8", torch::kUInt8, 1}};

template <typename Predicate>
const Dtype* FindDtype(Predicate predicate) {
  const Dtype* found = std::find_if(std::begin(kDtypes), std::end(kDtypes), predicate);
  return found == std::end(kDtypes) ? nullptr : found;
}

absl::StatusOr<v1::TensorSetBegin> Describe(v1::TensorSetKind kind, uint64_t step,
                                            const engine::NamedTensors& tensors) {
  v1::TensorSetBegin begin;
  begin.set_kind(kind);
  begin.set_step(step);
  for (const auto& [name, tensor] : tensors) {
    const torch::ScalarType type = tensor.scalar_type();
    const Dtype* dtype = FindDtype([type](const Dtype& known) { return known.type == type; });
    if (dtype == nullptr) {
      return MakeError(absl::StatusCode::kInvalidArgument, "TENSOR_DTYPE",
                       absl::StrCat("tensor ", name, " is neither float32, float64, int64 nor uint8"));
    }
    v1::TensorInfo* info = begin.add_tensors();
    info->set_name(name);
    info->set_dtype(dtype->name);
    for (const int64_t size : tensor.sizes()) info->add_shape(static_cast<uint64_t>(size));
    info->set_bytes(static_cast<uint64_t>(tensor.numel()) * dtype->bytes);
  }
  return begin;
}

absl::Status Invalid(absl::string_view reason, absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, what);
}

// The number of bytes that a shape needs; nothing when it passes 2^62.
std::optional<uint64_t> BytesOf(const v1::TensorInfo& info, uint64_t element_bytes) {
  uint64_t bytes = element_bytes;
  for (const uint64_t size : info.shape()) {
    if (size != 0 && bytes > (uint64_t{1} << 62) / size) return std::nullopt;
    bytes *= size;
  }
  return bytes;
}

}  // namespace

absl::Status ChunkWriter::Write(const char* data, size_t size) {
  while (size > 0) {
    const size_t part = std::min(size, limits::kMaxChunkBytes - chunk_.size());
    chunk_.append(data, part);
    data += part;
    size -= part;
    if (chunk_.size() == limits::kMaxChunkBytes) SUMSCOPE_RETURN_IF_ERROR(Flush());
  }
  return absl::OkStatus();
}

absl::Status ChunkWriter::Flush() {
  if (chunk_.empty()) return absl::OkStatus();
  v1::WorkerMessage message;
  message.mutable_tensor_chunk()->set_data(std::move(chunk_));
  chunk_.clear();
  return sink_->Send(std::move(message));
}

absl::Status SendTensorSet(v1::TensorSetKind kind, uint64_t step, const engine::NamedTensors& tensors,
                           std::optional<double> heldout_loss, TaskSink* sink) {
  v1::WorkerMessage message;
  SUMSCOPE_ASSIGN_OR_RETURN(*message.mutable_tensor_set_begin(), Describe(kind, step, tensors));
  SUMSCOPE_RETURN_IF_ERROR(sink->Send(std::move(message)));
  ChunkWriter writer(sink);
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor bytes = tensor.contiguous();
    SUMSCOPE_RETURN_IF_ERROR(writer.Write(static_cast<const char*>(bytes.data_ptr()), bytes.nbytes()));
  }
  SUMSCOPE_RETURN_IF_ERROR(writer.Flush());
  v1::WorkerMessage end;
  end.mutable_tensor_set_end();
  if (heldout_loss.has_value()) end.mutable_tensor_set_end()->set_heldout_loss(*heldout_loss);
  return sink->Send(std::move(end));
}

absl::StatusOr<engine::NamedTensors> ReadTensors(const v1::TensorSetBegin& begin, absl::string_view data,
                                                 absl::string_view reason) {
  engine::NamedTensors tensors;
  for (const v1::TensorInfo& info : begin.tensors()) {
    const Dtype* dtype = FindDtype([&info](const Dtype& known) { return info.dtype() == known.name; });
    if (dtype == nullptr) {
      return Invalid(reason,
                     absl::StrCat("tensor ", info.name(), " has dtype ", info.dtype(), "; known: F32, F64, I64, U8"));
    }
    const std::optional<uint64_t> bytes = BytesOf(info, dtype->bytes);
    if (bytes != info.bytes() || info.bytes() > data.size()) {
      return Invalid(reason, absl::StrCat("the bytes of tensor ", info.name(), " do not fit its shape"));
    }
    const std::vector<int64_t> shape(info.shape().begin(), info.shape().end());
    torch::Tensor tensor = torch::empty(shape, torch::dtype(dtype->type));
    if (!tensor.is_contiguous() || tensor.nbytes() != *bytes)
      return Invalid(reason, "a tensor has an impossible shape");
    if (*bytes > 0) std::memcpy(tensor.data_ptr(), data.data(), *bytes);
    data.remove_prefix(*bytes);
    tensors.emplace_back(info.name(), std::move(tensor));
  }
  if (!data.empty()) return Invalid(reason, "there are more bytes than the listed tensors have");
  return tensors;
}

}  // namespace sumscope::worker

#include "server/jobs/tasks/task_tensors.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::jobs {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are sent as they lie in memory");

// Bytes [offset, offset + length) of the row-major values of `columns` columns.
absl::StatusOr<std::string> ReadMetricBytes(storage::RunFile* file, uint64_t columns, uint64_t offset,
                                            uint64_t length) {
  const uint64_t row_bytes = columns * sizeof(double);
  std::string bytes;
  while (bytes.size() < length) {
    const uint64_t at = offset + bytes.size();
    const uint64_t skip = at % row_bytes;
    const uint64_t rows = (skip + length - bytes.size() + row_bytes - 1) / row_bytes;
    SUMSCOPE_ASSIGN_OR_RETURN(
        const v1::MetricBlock block,
        file->ReadMetrics(storage::Series::kDeterministic, at / row_bytes,
                          static_cast<uint32_t>(std::min<uint64_t>(rows, limits::kMetricBlockSteps))));
    const uint64_t got = uint64_t{block.count()} * row_bytes;
    if (got == 0 || block.first_step() != at / row_bytes || static_cast<uint64_t>(block.columns_size()) != columns ||
        static_cast<uint64_t>(block.values_size()) * sizeof(double) != got) {
      return absl::DataLossError(absl::StrCat("the metrics of step ", at / row_bytes, " are not those of the others"));
    }
    const char* const values = reinterpret_cast<const char*>(block.values().data());
    bytes.append(values + skip, std::min(got - skip, length - bytes.size()));
  }
  return bytes;
}

}  // namespace

void TaskTensorsBuilder::AddTensor(const std::string& name, const std::string& dtype,
                                   const std::vector<uint64_t>& shape, uint64_t bytes) {
  worker::v1::TensorInfo* info = begin_.add_tensors();
  info->set_name(name);
  info->set_dtype(dtype);
  for (const uint64_t dimension : shape) info->add_shape(dimension);
  info->set_bytes(bytes);
}

void TaskTensorsBuilder::AddSegment(uint64_t bytes, Read read) {
  segments_.push_back({bytes_, bytes_ + bytes, std::move(read)});
  bytes_ += bytes;
}

void TaskTensorsBuilder::AddStored(std::shared_ptr<storage::RunFile> file, const storage::TensorSet& set,
                                   const std::string& prefix) {
  for (const storage::StoredTensor& tensor : set.tensors) {
    AddTensor(prefix + tensor.name, tensor.dtype, tensor.shape, tensor.bytes);
  }
  AddSegment(set.data_bytes, [file = std::move(file), id = set.id](uint64_t offset, uint64_t length) {
    return file->ReadTensorBytes(id, offset, length);
  });
}

absl::Status TaskTensorsBuilder::AddMetrics(std::shared_ptr<storage::RunFile> file, uint64_t steps,
                                            std::vector<std::string>* columns) {
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t stored, file->MetricSteps(storage::Series::kDeterministic));
  if (steps == 0 || stored < steps) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_HAS_NO_METRICS",
                     absl::StrCat("metrics of ", steps, " steps are needed, ", stored, " are stored"));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::MetricBlock first, file->ReadMetrics(storage::Series::kDeterministic, 0, 1));
  columns->assign(first.columns().begin(), first.columns().end());
  const uint64_t bytes = steps * columns->size() * sizeof(double);
  AddTensor("metrics", "F64", {steps, columns->size()}, bytes);
  AddSegment(bytes, [file = std::move(file), count = columns->size()](uint64_t offset, uint64_t length) {
    return ReadMetricBytes(file.get(), count, offset, length);
  });
  return absl::OkStatus();
}

void TaskTensorsBuilder::AddText(const std::string& name, std::string text) {
  const auto shared = std::make_shared<const std::string>(std::move(text));  // the reader may be copied
  AddTensor(name, "U8", {shared->size()}, shared->size());
  AddSegment(shared->size(), [shared](uint64_t offset, uint64_t length) { return shared->substr(offset, length); });
}

workers::TaskTensors TaskTensorsBuilder::Build(worker::v1::TensorSetKind kind, uint64_t step) && {
  workers::TaskTensors tensors;
  tensors.begin = std::move(begin_);
  tensors.begin.set_kind(kind);
  tensors.begin.set_step(step);
  tensors.data_bytes = bytes_;
  tensors.read = [segments = std::move(segments_)](uint64_t offset, uint64_t length) -> absl::StatusOr<std::string> {
    std::string bytes;
    for (const Segment& segment : segments) {
      const uint64_t from = std::max(offset, segment.begin), to = std::min(offset + length, segment.end);
      if (from >= to) continue;
      SUMSCOPE_ASSIGN_OR_RETURN(const std::string part, segment.read(from - segment.begin, to - from));
      bytes += part;
    }
    return bytes;
  };
  return tensors;
}

}  // namespace sumscope::jobs

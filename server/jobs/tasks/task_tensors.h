#ifndef SUMSCOPE_SERVER_JOBS_TASKS_TASK_TENSORS_H_
#define SUMSCOPE_SERVER_JOBS_TASKS_TASK_TENSORS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/workers/worker_pool.h"
#include "storage/run_file.h"

namespace sumscope::jobs {

// Puts the tensor set of a task together from what lies in different places; nothing is read before the pool sends it.
class TaskTensorsBuilder {
 public:
  // A stored set, each name after `prefix`.
  void AddStored(std::shared_ptr<storage::RunFile> file, const storage::TensorSet& set, const std::string& prefix);
  // "metrics" F64 [steps, columns]: the deterministic series of the first `steps` steps. Sets `columns`.
  // FAILED_PRECONDITION RUN_HAS_NO_METRICS when they are not all there.
  absl::Status AddMetrics(std::shared_ptr<storage::RunFile> file, uint64_t steps, std::vector<std::string>* columns);
  // `name` U8 [bytes].
  void AddText(const std::string& name, std::string text);

  bool empty() const { return segments_.empty(); }
  workers::TaskTensors Build(worker::v1::TensorSetKind kind, uint64_t step) &&;

 private:
  using Read = std::function<absl::StatusOr<std::string>(uint64_t offset, uint64_t length)>;
  struct Segment {
    uint64_t begin, end;  // of the set's bytes
    Read read;            // with offsets from `begin`
  };
  void AddTensor(const std::string& name, const std::string& dtype, const std::vector<uint64_t>& shape, uint64_t bytes);
  void AddSegment(uint64_t bytes, Read read);

  worker::v1::TensorSetBegin begin_;
  std::vector<Segment> segments_;
  uint64_t bytes_ = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_TASKS_TASK_TENSORS_H_

#include "server/rpc/runs/run_messages.h"

#include "proto/contract/base/timestamp.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::rpc {

v1::Checkpoint ToCheckpoint(const std::string& run, const storage::TensorSet& set) {
  v1::Checkpoint checkpoint;
  checkpoint.set_name(CheckpointName(run, set.step));
  checkpoint.set_step(set.step);
  *checkpoint.mutable_create_time() = ToTimestamp(set.create_time);
  checkpoint.set_sha256(set.sha256);
  checkpoint.set_bytes(set.file_bytes);
  if (set.heldout_loss.has_value()) checkpoint.set_heldout_loss(*set.heldout_loss);
  return checkpoint;
}

v1::LogLine ToLogLine(const storage::LogEntry& entry) {
  v1::LogLine line;
  line.set_sequence(entry.sequence);
  *line.mutable_time() = ToTimestamp(entry.time);
  line.set_severity(entry.severity);
  line.set_text(entry.text);
  return line;
}

}  // namespace sumscope::rpc

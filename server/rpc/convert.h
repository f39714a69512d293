#ifndef SUMSCOPE_SERVER_RPC_CONVERT_H_
#define SUMSCOPE_SERVER_RPC_CONVERT_H_

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "storage/run_file.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

google::protobuf::Timestamp ToTimestamp(absl::Time time);
v1::Checkpoint ToCheckpoint(const std::string& run, const storage::TensorSet& set);
v1::LogLine ToLogLine(const storage::LogEntry& entry);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_CONVERT_H_

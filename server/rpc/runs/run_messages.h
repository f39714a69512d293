#ifndef SUMSCOPE_SERVER_RPC_RUNS_RUN_MESSAGES_H_
#define SUMSCOPE_SERVER_RPC_RUNS_RUN_MESSAGES_H_

#include <string>

#include "storage/run_file.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

v1::Checkpoint ToCheckpoint(const std::string& run, const storage::TensorSet& set);
v1::LogLine ToLogLine(const storage::LogEntry& entry);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_RUN_MESSAGES_H_

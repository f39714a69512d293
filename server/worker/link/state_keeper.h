#ifndef SUMSCOPE_SERVER_WORKER_LINK_STATE_KEEPER_H_
#define SUMSCOPE_SERVER_WORKER_LINK_STATE_KEEPER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "server/worker/link/task_sink.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::worker {

// What an analysis has counted so far: that of an earlier attempt on its way in, this one's on its way to the server.
// Confined to the worker's main thread.
class StateKeeper {
 public:
  // `task`, `clock` and `sink` outlive it. `provenance`: of this worker, with the task's threads.
  StateKeeper(const v1::AnalysisTask& task, const sumscope::v1::Attempt& provenance, Clock* clock, TaskSink* sink);

  // What to go on from; empty: from the start. A state of another analysis, of other weights, or of a worker that
  // counts otherwise (version, LibTorch, ISA level, device, threads) is left, which the run's log says.
  std::string Last();
  // Says in the run's log that the state was left, and why.
  void Leave(const std::string& why);
  // Sends what state() gives, of `done` questions, at most every limits::kAnalysisStateInterval.
  void Keep(uint64_t done, const std::function<std::string()>& state);

  // UNAVAILABLE LINK_LOST when the server is gone.
  const absl::Status& link() const { return link_; }

 private:
  const v1::AnalysisTask& task_;
  Clock* const clock_;
  TaskSink* const sink_;
  const std::string fits_;
  absl::Duration last_;
  absl::Status link_;
};

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_LINK_STATE_KEEPER_H_

#ifndef SUMSCOPE_SERVER_WORKERS_LINK_WORKER_LINK_H_
#define SUMSCOPE_SERVER_WORKERS_LINK_WORKER_LINK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/workers/worker_pool.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::workers {

// The server's end of one worker's stream: what can be said to the worker. Nothing here blocks; what cannot be sent is
// dropped, and the end of the stream is heard by LinkHost. Thread-safe.
class WorkerLink {
 public:
  virtual ~WorkerLink() = default;
  // `task.has_tensors` says whether `tensors` is set.
  virtual void SendTask(worker::v1::Task task, std::optional<TaskTensors> tensors) = 0;
  // The task is over: its tensors are read no more, and nothing but acknowledgements is sent of it.
  virtual void EndTask(const std::string& task_id) = 0;
  virtual void SendAck(const std::string& task_id, uint64_t sequence) = 0;
  virtual void SendCancel(const std::string& task_id) = 0;
  virtual void SendStop(const std::string& task_id) = 0;
  virtual void SendShutdown() = 0;
  // Ends the stream from this side.
  virtual void Break() = 0;
};

// The launch that a link belongs to.
struct LaunchId {
  std::string slot;
  uint64_t generation = 0;
};

// Hears what comes from the links. Calls for one link come from one thread, in the order of this interface.
class LinkHost {
 public:
  virtual ~LinkHost() = default;
  // Whether the worker that says `hello` may link. The link lives until OnLinkEnded returns, if OK is returned here.
  virtual absl::Status Admit(const worker::v1::Hello& hello, WorkerLink* link) = 0;
  // Welcome is on its way.
  virtual void OnLinked(const worker::v1::Hello& hello) = 0;
  virtual void OnLinkMessage(const LaunchId& launch, worker::v1::WorkerMessage message) = 0;
  // Nothing is read or sent any more. `failure` is the server's own reason for that, OK without one.
  virtual void OnLinkEnded(const LaunchId& launch, const absl::Status& failure) = 0;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LINK_WORKER_LINK_H_

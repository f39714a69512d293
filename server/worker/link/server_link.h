#ifndef SUMSCOPE_SERVER_WORKER_LINK_SERVER_LINK_H_
#define SUMSCOPE_SERVER_WORKER_LINK_SERVER_LINK_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "proto/contract/base/mutex.h"
#include "server/worker/link/outbox.h"
#include "server/worker/link/task_input.h"
#include "sumscope/worker/v1/link.grpc.pb.h"

namespace sumscope::worker {

// The worker's end of WorkerLink.Connect. A writer thread sends what the outbox holds and the heartbeats, a reader
// thread takes in tasks, acknowledgements and interruptions. A link that broke stays broken: the process ends, the
// server starts another. RequestExit and Abort may be called from any thread at any time, the rest from the worker's
// main thread.
class ServerLink {
 public:
  // `slot` and `generation` name the worker's launch, as its command line says.
  ServerLink(std::string slot, uint64_t generation) : slot_(std::move(slot)), generation_(generation) {}
  ~ServerLink();
  ServerLink(const ServerLink&) = delete;
  ServerLink& operator=(const ServerLink&) = delete;

  // Opens the stream to `server` (unix:/path) and says hello, with what was measured and the UUID of
  // its GPU ("" of the CPU). INVALID_ARGUMENT SERVER_ADDRESS.
  // A server that is not there, and an Abort before, show as the end of the link.
  absl::Status Connect(const std::string& server, const std::string& token, const sumscope::v1::Attempt& provenance,
                       const sumscope::v1::Rates& rates, const std::string& device_uuid);

  // Waits for a task. Nothing when the link ended or an exit was asked for.
  std::optional<TaskInput> NextTask();
  // For the messages of the task that NextTask returned last.
  TaskSink* sink() { return &outbox_; }
  // Sends the task's last message.
  absl::Status FinishTask(v1::Finished finished);

  // The running task is told to stop, no other one starts.
  void RequestExit();
  // Requests the exit and cuts the link.
  void Abort();

  // Sends what is queued, ends the stream and joins the threads, at most in about limits::kLinkCloseTimeout. OK when
  // the worker was the one who ended it, else how the link ended.
  absl::Status Close();

 private:
  void Write();
  void Read();
  void Handle(v1::ServerMessage message);
  void AcceptTask(v1::Task task);
  void AcceptTensors(v1::ServerMessage message);
  void Interrupt(const std::string& task_id, Interruption interruption);
  bool EndsWithin(absl::Duration timeout, bool ServerLink::*done);

  const std::string slot_;
  const uint64_t generation_;
  Outbox outbox_;

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::WorkerLink::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkerMessage, v1::ServerMessage>> stream_;
  std::thread writer_, reader_;
  bool closed_ = false;
  absl::Status end_status_;

  Mutex mutex_;
  CondVar changed_;
  std::optional<TaskInput> incoming_ ABSL_GUARDED_BY(mutex_);  // its tensors are still on their way
  std::optional<TaskInput> ready_ ABSL_GUARDED_BY(mutex_);
  std::string running_id_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<TaskControl> running_ ABSL_GUARDED_BY(mutex_);
  bool exit_ ABSL_GUARDED_BY(mutex_) = false;
  bool writer_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool reader_done_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_LINK_SERVER_LINK_H_

#ifndef SUMSCOPE_SERVER_WORKERS_LINK_STREAM_LINK_H_
#define SUMSCOPE_SERVER_WORKERS_LINK_STREAM_LINK_H_

#include <string>
#include <thread>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "grpcpp/support/sync_stream.h"
#include "proto/contract/base/mutex.h"
#include "server/workers/link/worker_link.h"

namespace sumscope::workers {

// A WorkerLink over a gRPC stream, with one thread that writes. What waits to be sent is bounded by its shape: one
// task, one acknowledgement per task (the highest), one cancel, one stop. Owned by the stream's handler. Thread-safe.
class StreamLink final : public WorkerLink {
 public:
  using Stream = grpc::ServerReaderWriter<worker::v1::ServerMessage, worker::v1::WorkerMessage>;

  StreamLink(grpc::ServerContext* context, Stream* stream);
  ~StreamLink() override;

  // Starts the writer with Welcome. Call once.
  void Start();
  // Breaks the stream and joins the writer. Returns why this side broke it, OK without a reason.
  absl::Status Close();

  void SendTask(worker::v1::Task task, std::optional<TaskTensors> tensors) override;
  void EndTask() override;
  void SendAck(const std::string& task_id, uint64_t sequence) override;
  void SendCancel(const std::string& task_id) override;
  void SendStop(const std::string& task_id) override;
  void SendShutdown() override;
  void Break() override;

 private:
  // The writer's thread.
  void WriteLoop();
  void WriteMessages();
  // The next message, with the tensors that follow it. Waits; false when the link is closing.
  bool Next(worker::v1::ServerMessage* message, std::optional<TaskTensors>* tensors, uint64_t* task_number);
  bool TakeNext(worker::v1::ServerMessage* message, std::optional<TaskTensors>* tensors, uint64_t* task_number)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False when the stream is broken.
  bool SendTensors(const TaskTensors& tensors, uint64_t task_number);
  bool StillWanted(uint64_t task_number);
  void Fail(absl::Status failure);

  grpc::ServerContext* const context_;
  Stream* const stream_;
  std::thread writer_;

  Mutex mutex_;
  CondVar changed_;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool welcome_ ABSL_GUARDED_BY(mutex_) = true;
  bool shutdown_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<worker::v1::Ack> acks_ ABSL_GUARDED_BY(mutex_);
  std::optional<worker::v1::Task> task_ ABSL_GUARDED_BY(mutex_);
  std::optional<TaskTensors> tensors_ ABSL_GUARDED_BY(mutex_);
  uint64_t task_number_ ABSL_GUARDED_BY(mutex_) = 0;  // changes when a task comes or is over
  std::optional<std::string> cancel_ ABSL_GUARDED_BY(mutex_), stop_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LINK_STREAM_LINK_H_

#ifndef SUMSCOPE_SERVER_WORKERS_LINK_STREAM_LINK_H_
#define SUMSCOPE_SERVER_WORKERS_LINK_STREAM_LINK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "grpcpp/grpcpp.h"
#include "grpcpp/support/sync_stream.h"
#include "proto/contract/base/mutex.h"
#include "server/workers/link/worker_link.h"

namespace sumscope::workers {

// A WorkerLink over a gRPC stream, with one thread that writes. What waits to be sent is bounded by its shape: of each
// of the worker's tasks the task itself, one acknowledgement (the highest), a cancel and a stop, and one
// acknowledgement of the task that ended last. Owned by the stream's handler. Thread-safe.
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
  void EndTask(const std::string& task_id) override;
  void SendAck(const std::string& task_id, uint64_t sequence) override;
  void SendCancel(const std::string& task_id) override;
  void SendStop(const std::string& task_id) override;
  void SendShutdown() override;
  void Break() override;

 private:
  // What waits to be sent of one task.
  struct Outgoing {
    std::optional<worker::v1::Task> task;
    std::optional<TaskTensors> tensors;  // follow the task
    uint64_t ack = 0;                    // the highest sequence; 0: none
    bool cancel = false, stop = false;
  };

  // The writer's thread.
  void WriteLoop();
  void WriteMessages();
  // The next message, with the tensors that follow it. Waits; false when the link is closing.
  bool Next(worker::v1::ServerMessage* message, std::optional<TaskTensors>* tensors);
  // The three below return false when no such message waits.
  bool TakeNext(worker::v1::ServerMessage* message, std::optional<TaskTensors>* tensors)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeAck(worker::v1::Ack* ack) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static bool TakeOf(const std::string& task_id, Outgoing* outgoing, worker::v1::ServerMessage* message,
                     std::optional<TaskTensors>* tensors);
  void SetEndedAck(const std::string& task_id, uint64_t sequence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False when the stream is broken.
  bool SendTensors(const TaskTensors& tensors, const std::string& task_id);
  bool StillWanted(const std::string& task_id);
  void Fail(absl::Status failure);

  grpc::ServerContext* const context_;
  Stream* const stream_;
  std::thread writer_;

  Mutex mutex_;
  CondVar changed_;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool welcome_ ABSL_GUARDED_BY(mutex_) = true;
  bool shutdown_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Outgoing> tasks_ ABSL_GUARDED_BY(mutex_);  // those that are not over, by task_id
  std::optional<worker::v1::Ack> ended_ack_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LINK_STREAM_LINK_H_

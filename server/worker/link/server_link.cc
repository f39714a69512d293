#include "server/worker/link/server_link.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/worker_protocol.h"
#include "proto/contract/process/grpc_address.h"

namespace sumscope::worker {

ServerLink::~ServerLink() { (void)Close(); }

absl::Status ServerLink::Connect(const std::string& server, const std::string& token,
                                 const sumscope::v1::Attempt& provenance, const sumscope::v1::Rates& rates,
                                 const std::string& device_uuid) {
  if (!absl::StartsWith(server, "unix:")) {
    return MakeError(absl::StatusCode::kInvalidArgument, "SERVER_ADDRESS",
                     "the server's address must be unix:/path: the launch's token may not cross a network");
  }
  v1::WorkerMessage message;
  v1::Hello* hello = message.mutable_hello();
  hello->set_protocol(kWorkerProtocol);
  hello->set_slot(slot_);
  hello->set_secret(token);
  hello->set_generation(generation_);
  hello->set_pid(getpid());
  *hello->mutable_provenance() = provenance;
  *hello->mutable_rates() = rates;
  hello->set_device_uuid(device_uuid);
  channel_ = grpc::CreateChannel(GrpcAddress(server), grpc::InsecureChannelCredentials());
  stub_ = v1::WorkerLink::NewStub(channel_);
  stream_ = stub_->Connect(&context_);
  stream_->Write(message);  // a failure shows as the end of the reader
  writer_ = std::thread([this] { Write(); });
  reader_ = std::thread([this] { Read(); });
  return absl::OkStatus();
}

std::optional<TaskInput> ServerLink::NextTask() {
  MutexLock lock(&mutex_);
  while (!exit_ && !ready_.has_value()) changed_.Wait(&mutex_);
  if (exit_) return std::nullopt;
  TaskInput input = *std::move(ready_);
  ready_.reset();
  running_id_ = input.task.task_id();
  running_ = input.control;
  outbox_.BeginTask(running_id_);
  if (running_->interruption() == Interruption::kCancel) outbox_.CancelTask();
  return input;
}

absl::Status ServerLink::FinishTask(v1::Finished finished) {
  {
    MutexLock lock(&mutex_);
    running_id_.clear();
    running_.reset();
  }
  v1::WorkerMessage message;
  *message.mutable_finished() = std::move(finished);
  return outbox_.Send(std::move(message));
}

void ServerLink::RequestExit() {
  MutexLock lock(&mutex_);
  exit_ = true;
  if (running_ != nullptr) running_->Interrupt(Interruption::kStop);
  changed_.NotifyAll();
}

void ServerLink::Abort() {
  RequestExit();
  outbox_.Abort();
  context_.TryCancel();  // also of a call that has not begun
}

void ServerLink::Write() {
  const auto interval = absl::ToChronoMilliseconds(limits::kHeartbeatInterval);
  auto next_heartbeat = std::chrono::steady_clock::now() + interval;
  bool alive = true;
  while (alive && !outbox_.Drained()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_heartbeat) {
      v1::WorkerMessage heartbeat;
      heartbeat.mutable_heartbeat();
      alive = stream_->Write(heartbeat);
      next_heartbeat = now + interval;
      continue;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_heartbeat - now);
    if (std::optional<v1::WorkerMessage> message = outbox_.Pop(left)) alive = stream_->Write(*message);
  }
  if (alive) stream_->WritesDone();
  MutexLock lock(&mutex_);
  writer_done_ = true;
  changed_.NotifyAll();
}

void ServerLink::Read() {
  v1::ServerMessage message;
  while (stream_->Read(&message)) Handle(std::move(message));
  RequestExit();
  outbox_.Abort();
  MutexLock lock(&mutex_);
  reader_done_ = true;
  changed_.NotifyAll();
}

void ServerLink::Handle(v1::ServerMessage message) {
  switch (message.body_case()) {
    case v1::ServerMessage::kTask:
      return AcceptTask(std::move(*message.mutable_task()));
    case v1::ServerMessage::kTensorSetBegin:
    case v1::ServerMessage::kTensorChunk:
    case v1::ServerMessage::kTensorSetEnd:
      return AcceptTensors(std::move(message));
    case v1::ServerMessage::kAck:
      return outbox_.Acknowledge(message.ack().task_id(), message.ack().sequence());
    case v1::ServerMessage::kCancel:
      return Interrupt(message.cancel().task_id(), Interruption::kCancel);
    case v1::ServerMessage::kStop:
      return Interrupt(message.stop().task_id(), Interruption::kStop);
    case v1::ServerMessage::kShutdown:
      return RequestExit();
    case v1::ServerMessage::kWelcome:
    case v1::ServerMessage::BODY_NOT_SET:
      return;
  }
}

void ServerLink::AcceptTask(v1::Task task) {
  MutexLock lock(&mutex_);
  TaskInput input;
  input.control = std::make_shared<TaskControl>();
  input.task = std::move(task);
  if (input.task.has_tensors()) {
    incoming_ = std::move(input);
    return;
  }
  ready_ = std::move(input);
  changed_.NotifyAll();
}

void ServerLink::AcceptTensors(v1::ServerMessage message) {
  MutexLock lock(&mutex_);
  if (!incoming_.has_value()) return;
  if (message.has_tensor_set_begin()) {
    incoming_->tensors = std::move(*message.mutable_tensor_set_begin());
  } else if (message.has_tensor_chunk()) {
    incoming_->tensor_data += message.tensor_chunk().data();
  } else {
    ready_ = std::move(incoming_);
    incoming_.reset();
    changed_.NotifyAll();
  }
}

void ServerLink::Interrupt(const std::string& task_id, Interruption interruption) {
  MutexLock lock(&mutex_);
  if (running_ != nullptr && running_id_ == task_id) {
    running_->Interrupt(interruption);
    if (interruption == Interruption::kCancel) outbox_.CancelTask();
  }
  for (std::optional<TaskInput>* waiting : {&incoming_, &ready_}) {
    if (waiting->has_value() && (*waiting)->task.task_id() == task_id) (*waiting)->control->Interrupt(interruption);
  }
}

bool ServerLink::EndsWithin(absl::Duration timeout, bool ServerLink::*done) {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(timeout);
  MutexLock lock(&mutex_);
  while (!(this->*done)) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    changed_.WaitFor(&mutex_, left);
  }
  return true;
}

absl::Status ServerLink::Close() {
  if (closed_ || stream_ == nullptr) return end_status_;
  closed_ = true;
  outbox_.Close();
  const bool ended = EndsWithin(limits::kLinkCloseTimeout / 2, &ServerLink::writer_done_) &&
                     EndsWithin(limits::kLinkCloseTimeout / 2, &ServerLink::reader_done_);
  if (!ended) context_.TryCancel();
  writer_.join();
  reader_.join();
  const grpc::Status status = stream_->Finish();
  if (ended && !status.ok()) {
    end_status_ = MakeError(absl::StatusCode::kUnavailable, "LINK_LOST", status.error_message());
  }
  return end_status_;
}

}  // namespace sumscope::worker

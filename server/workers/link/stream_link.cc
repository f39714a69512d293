#include "server/workers/link/stream_link.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::workers {

StreamLink::StreamLink(grpc::ServerContext* context, Stream* stream) : context_(context), stream_(stream) {}

StreamLink::~StreamLink() {
  if (writer_.joinable()) Close().IgnoreError();
}

void StreamLink::Start() {
  writer_ = std::thread([this] { WriteLoop(); });
}

absl::Status StreamLink::Close() {
  Break();
  if (writer_.joinable()) writer_.join();
  MutexLock lock(&mutex_);
  return failure_;
}

void StreamLink::SendTask(worker::v1::Task task, std::optional<TaskTensors> tensors) {
  MutexLock lock(&mutex_);
  Outgoing& outgoing = tasks_[task.task_id()];
  outgoing = Outgoing();
  task.set_has_tensors(tensors.has_value());
  outgoing.task = std::move(task);
  outgoing.tensors = std::move(tensors);
  changed_.NotifyAll();
}

void StreamLink::EndTask(const std::string& task_id) {
  MutexLock lock(&mutex_);
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end()) return;
  if (found->second.ack > 0) SetEndedAck(task_id, found->second.ack);
  tasks_.erase(found);
}

void StreamLink::SendAck(const std::string& task_id, uint64_t sequence) {
  MutexLock lock(&mutex_);
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end()) {
    SetEndedAck(task_id, sequence);
  } else {
    found->second.ack = std::max(found->second.ack, sequence);
  }
  changed_.NotifyAll();
}

void StreamLink::SetEndedAck(const std::string& task_id, uint64_t sequence) {
  if (!ended_ack_.has_value() || ended_ack_->task_id() != task_id) {
    ended_ack_.emplace();
    ended_ack_->set_task_id(task_id);
  }
  ended_ack_->set_sequence(std::max<uint64_t>(ended_ack_->sequence(), sequence));
}

void StreamLink::SendCancel(const std::string& task_id) {
  MutexLock lock(&mutex_);
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end()) return;
  found->second.cancel = true;
  changed_.NotifyAll();
}

void StreamLink::SendStop(const std::string& task_id) {
  MutexLock lock(&mutex_);
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end()) return;
  found->second.stop = true;
  changed_.NotifyAll();
}

void StreamLink::SendShutdown() {
  MutexLock lock(&mutex_);
  shutdown_ = true;
  changed_.NotifyAll();
}

void StreamLink::Break() {
  MutexLock lock(&mutex_);
  closing_ = true;
  changed_.NotifyAll();
  context_->TryCancel();
}

void StreamLink::WriteLoop() {
  try {
    WriteMessages();
  } catch (const std::exception& error) {  // uncaught in a thread, an exception ends the server
    Fail(absl::InternalError(absl::StrCat("could not be sent: ", error.what())));
  }
  context_->TryCancel();
}

void StreamLink::WriteMessages() {
  worker::v1::ServerMessage message;
  std::optional<TaskTensors> tensors;
  while (Next(&message, &tensors)) {
    if (!stream_->Write(message)) break;
    if (tensors.has_value() && !SendTensors(*tensors, message.task().task_id())) break;
    tensors.reset();
  }
}

bool StreamLink::Next(worker::v1::ServerMessage* message, std::optional<TaskTensors>* tensors) {
  message->Clear();
  MutexLock lock(&mutex_);
  while (!closing_) {
    if (TakeNext(message, tensors)) return true;
    changed_.Wait(&mutex_);
  }
  return false;
}

bool StreamLink::TakeNext(worker::v1::ServerMessage* message, std::optional<TaskTensors>* tensors) {
  if (std::exchange(welcome_, false)) {
    message->mutable_welcome();
    return true;
  }
  if (worker::v1::Ack ack; TakeAck(&ack)) {
    *message->mutable_ack() = std::move(ack);
    return true;
  }
  for (auto& [task_id, outgoing] : tasks_) {
    if (TakeOf(task_id, &outgoing, message, tensors)) return true;
  }
  if (!std::exchange(shutdown_, false)) return false;
  message->mutable_shutdown();
  return true;
}

bool StreamLink::TakeAck(worker::v1::Ack* ack) {
  if (ended_ack_.has_value()) {
    *ack = *std::exchange(ended_ack_, std::nullopt);
    return true;
  }
  for (auto& [task_id, outgoing] : tasks_) {
    if (outgoing.ack == 0) continue;
    ack->set_task_id(task_id);
    ack->set_sequence(std::exchange(outgoing.ack, 0));
    return true;
  }
  return false;
}

bool StreamLink::TakeOf(const std::string& task_id, Outgoing* outgoing, worker::v1::ServerMessage* message,
                        std::optional<TaskTensors>* tensors) {
  if (outgoing->task.has_value()) {
    *message->mutable_task() = *std::exchange(outgoing->task, std::nullopt);
    *tensors = std::exchange(outgoing->tensors, std::nullopt);
  } else if (std::exchange(outgoing->cancel, false)) {
    message->mutable_cancel()->set_task_id(task_id);
  } else if (std::exchange(outgoing->stop, false)) {
    message->mutable_stop()->set_task_id(task_id);
  } else {
    return false;
  }
  return true;
}

bool StreamLink::SendTensors(const TaskTensors& tensors, const std::string& task_id) {
  worker::v1::ServerMessage message;
  *message.mutable_tensor_set_begin() = tensors.begin;
  if (!stream_->Write(message)) return false;
  for (uint64_t offset = 0; offset < tensors.data_bytes;) {
    if (!StillWanted(task_id)) return true;
    const uint64_t length = std::min<uint64_t>(limits::kMaxChunkBytes, tensors.data_bytes - offset);
    absl::StatusOr<std::string> data = tensors.read(offset, length);
    if (data.ok() && data->size() != length) {
      data = MakeError(absl::StatusCode::kDataLoss, "TENSORS_UNREADABLE",
                       absl::StrCat("read ", data->size(), " of ", length, " bytes at ", offset));
    }
    if (!data.ok()) {
      Fail(data.status());
      return false;
    }
    message.mutable_tensor_chunk()->set_data(*std::move(data));
    if (!stream_->Write(message)) return false;
    offset += length;
  }
  message.mutable_tensor_set_end();
  return stream_->Write(message);
}

bool StreamLink::StillWanted(const std::string& task_id) {
  MutexLock lock(&mutex_);
  return !closing_ && !shutdown_ && tasks_.count(task_id) > 0;
}

void StreamLink::Fail(absl::Status failure) {
  MutexLock lock(&mutex_);
  failure_ = std::move(failure);
}

}  // namespace sumscope::workers

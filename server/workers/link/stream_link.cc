#include "server/workers/link/stream_link.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::workers {
namespace {

constexpr size_t kMaxWaitingAcks = 2;  // of the task that just ended and the one after it

}  // namespace

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
  ++task_number_;
  task.set_has_tensors(tensors.has_value());
  task_ = std::move(task);
  tensors_ = std::move(tensors);
  cancel_.reset();
  stop_.reset();
  changed_.NotifyAll();
}

void StreamLink::EndTask() {
  MutexLock lock(&mutex_);
  ++task_number_;
  task_.reset();
  tensors_.reset();
  cancel_.reset();
  stop_.reset();
}

void StreamLink::SendAck(const std::string& task_id, uint64_t sequence) {
  MutexLock lock(&mutex_);
  if (!acks_.empty() && acks_.back().task_id() == task_id) {
    acks_.back().set_sequence(std::max(acks_.back().sequence(), sequence));
  } else {
    if (acks_.size() == kMaxWaitingAcks) acks_.erase(acks_.begin());
    acks_.emplace_back().set_task_id(task_id);
    acks_.back().set_sequence(sequence);
  }
  changed_.NotifyAll();
}

void StreamLink::SendCancel(const std::string& task_id) {
  MutexLock lock(&mutex_);
  cancel_ = task_id;
  changed_.NotifyAll();
}

void StreamLink::SendStop(const std::string& task_id) {
  MutexLock lock(&mutex_);
  stop_ = task_id;
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
  } catch (const std::exception& error) {  // of this thread of ours it would end the server
    Fail(absl::InternalError(absl::StrCat("could not be sent: ", error.what())));
  }
  context_->TryCancel();
}

void StreamLink::WriteMessages() {
  worker::v1::ServerMessage message;
  std::optional<TaskTensors> tensors;
  uint64_t task_number = 0;
  while (Next(&message, &tensors, &task_number)) {
    if (!stream_->Write(message)) break;
    if (tensors.has_value() && !SendTensors(*tensors, task_number)) break;
    tensors.reset();
  }
}

bool StreamLink::Next(worker::v1::ServerMessage* message, std::optional<TaskTensors>* tensors, uint64_t* task_number) {
  message->Clear();
  MutexLock lock(&mutex_);
  while (!closing_) {
    if (TakeNext(message, tensors, task_number)) return true;
    changed_.Wait(&mutex_);
  }
  return false;
}

bool StreamLink::TakeNext(worker::v1::ServerMessage* message, std::optional<TaskTensors>* tensors,
                          uint64_t* task_number) {
  if (std::exchange(welcome_, false)) {
    message->mutable_welcome();
  } else if (!acks_.empty()) {
    *message->mutable_ack() = std::move(acks_.front());
    acks_.erase(acks_.begin());
  } else if (task_.has_value()) {
    *message->mutable_task() = *std::exchange(task_, std::nullopt);
    *tensors = std::exchange(tensors_, std::nullopt);
    *task_number = task_number_;
  } else if (cancel_.has_value()) {
    message->mutable_cancel()->set_task_id(*std::exchange(cancel_, std::nullopt));
  } else if (stop_.has_value()) {
    message->mutable_stop()->set_task_id(*std::exchange(stop_, std::nullopt));
  } else if (std::exchange(shutdown_, false)) {
    message->mutable_shutdown();
  } else {
    return false;
  }
  return true;
}

bool StreamLink::SendTensors(const TaskTensors& tensors, uint64_t task_number) {
  worker::v1::ServerMessage message;
  *message.mutable_tensor_set_begin() = tensors.begin;
  if (!stream_->Write(message)) return false;
  for (uint64_t offset = 0; offset < tensors.data_bytes;) {
    if (!StillWanted(task_number)) return true;
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

bool StreamLink::StillWanted(uint64_t task_number) {
  MutexLock lock(&mutex_);
  return !closing_ && !shutdown_ && task_number == task_number_;
}

void StreamLink::Fail(absl::Status failure) {
  MutexLock lock(&mutex_);
  failure_ = std::move(failure);
}

}  // namespace sumscope::workers

#include "server/workers/launch/local/local_worker.h"

#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sumscope::workers {

LocalWorker::LocalWorker(Start start) {
  try {
    starter_ = std::thread([this, begin = std::move(start)] { Run(begin); });
  } catch (const std::system_error& error) {
    Keep(absl::ResourceExhaustedError(absl::StrCat("there is no thread to start the worker: ", error.what())));
  }
}

LocalWorker::~LocalWorker() {
  Kill();
  if (starter_.joinable()) starter_.join();
}

void LocalWorker::Run(const Start& start) {
  absl::StatusOr<std::unique_ptr<LocalProcess>> process = absl::CancelledError("given up before it was started");
  try {
    if (!GivenUp()) process = start();
  } catch (const std::exception& error) {  // uncaught in a thread, an exception ends the server
    process = absl::InternalError(absl::StrCat("could not be started: ", error.what()));
  }
  Keep(std::move(process));
}

bool LocalWorker::GivenUp() const {
  MutexLock lock(&mutex_);
  return given_up_;
}

void LocalWorker::Keep(absl::StatusOr<std::unique_ptr<LocalProcess>> process) {
  MutexLock lock(&mutex_);
  started_ = process.status();
  if (!process.ok()) return;
  process_ = *std::move(process);
  if (given_up_) process_->Kill();
}

pid_t LocalWorker::pid() const {
  MutexLock lock(&mutex_);
  return process_ == nullptr ? 0 : process_->pid();
}

void LocalWorker::Terminate() {
  MutexLock lock(&mutex_);
  given_up_ = true;
  if (process_ != nullptr) process_->Terminate();
}

void LocalWorker::Kill() {
  MutexLock lock(&mutex_);
  given_up_ = true;
  if (process_ != nullptr) process_->Kill();
}

WorkerStatus LocalWorker::Poll() {
  MutexLock lock(&mutex_);
  WorkerStatus status;
  if (!started_.has_value()) return status;
  if (process_ == nullptr) {
    status.phase = WorkerStatus::Phase::kEnded;
    status.exit.description = std::string(started_->message());
    return status;
  }
  std::optional<WorkerExit> exit = process_->Poll();
  status.phase = exit.has_value() ? WorkerStatus::Phase::kEnded : WorkerStatus::Phase::kRunning;
  if (exit.has_value()) status.exit = *std::move(exit);
  return status;
}

}  // namespace sumscope::workers

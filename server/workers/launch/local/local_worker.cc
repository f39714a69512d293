#include "server/workers/launch/local/local_worker.h"

#include <chrono>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sumscope::workers {
namespace {

// How often the log is bounded: what a worker writes meanwhile is the most that lies there beyond its maximum.
constexpr std::chrono::milliseconds kLogInterval(200);

}  // namespace

LocalWorker::LocalWorker(Start start) {
  try {
    thread_ = std::thread([this, begin = std::move(start)] { Run(begin); });
  } catch (const std::system_error& error) {
    Keep(absl::ResourceExhaustedError(absl::StrCat("there is no thread to start the worker: ", error.what())));
  }
}

LocalWorker::~LocalWorker() {
  {
    MutexLock lock(&mutex_);
    dropped_ = true;
    changed_.NotifyAll();
  }
  Kill();
  if (thread_.joinable()) thread_.join();
}

void LocalWorker::Run(const Start& start) {
  absl::StatusOr<std::unique_ptr<LocalProcess>> process = absl::CancelledError("given up before it was started");
  try {
    if (!GivenUp()) process = start();
  } catch (const std::exception& error) {  // uncaught in a thread, an exception ends the server
    process = absl::InternalError(absl::StrCat("could not be started: ", error.what()));
  }
  if (WorkerLog* const log = Keep(std::move(process))) KeepLog(log);
}

bool LocalWorker::GivenUp() const {
  MutexLock lock(&mutex_);
  return given_up_;
}

WorkerLog* LocalWorker::Keep(absl::StatusOr<std::unique_ptr<LocalProcess>> process) {
  MutexLock lock(&mutex_);
  started_ = process.status();
  if (!process.ok()) return nullptr;
  process_ = *std::move(process);
  if (given_up_) process_->Kill();
  return process_->log();
}

void LocalWorker::KeepLog(WorkerLog* log) {
  while (RunsOn()) log->Bound();
  const std::string tail = log->Tail();
  MutexLock lock(&mutex_);
  if (end_.has_value()) exit_ = WorkerExit{*end_, tail};
}

bool LocalWorker::RunsOn() {
  MutexLock lock(&mutex_);
  if (!end_.has_value() && !dropped_) changed_.WaitFor(&mutex_, kLogInterval);
  return !end_.has_value() && !dropped_;
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
  if (!end_.has_value()) {
    end_ = process_->Poll();
    if (end_.has_value()) changed_.NotifyAll();
  }
  status.phase = exit_.has_value() ? WorkerStatus::Phase::kEnded : WorkerStatus::Phase::kRunning;
  if (exit_.has_value()) status.exit = *exit_;
  return status;
}

}  // namespace sumscope::workers

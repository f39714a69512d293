#ifndef SUMSCOPE_TESTS_SERVER_WORKER_WORKER_PROCESS_H_
#define SUMSCOPE_TESTS_SERVER_WORKER_WORKER_PROCESS_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "sumscope/worker/v1/link.grpc.pb.h"
#include "tests/support/temp_directory.h"

namespace sumscope::worker {

// A server's end of the link that takes one worker, keeps what it says and acknowledges all of it. Thread-safe.
class FakeServer : public v1::WorkerLink::Service {
 public:
  FakeServer();
  ~FakeServer() override;

  const std::string& address() const { return address_; }
  void Send(const v1::ServerMessage& message);
  // The first message so far, or within 30 s, of which `wanted` is true.
  std::optional<v1::WorkerMessage> WaitFor(const std::function<bool(const v1::WorkerMessage&)>& wanted);
  std::vector<v1::WorkerMessage> Messages();

  grpc::Status Connect(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::ServerMessage, v1::WorkerMessage>* stream) override;

 private:
  TempDirectory folder_;
  std::string address_;
  Mutex mutex_;
  CondVar changed_;
  grpc::ServerReaderWriter<v1::ServerMessage, v1::WorkerMessage>* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<v1::WorkerMessage> messages_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

// The real program, as the third launch of slot cpu0, with a pipe as the server's launcher makes it. Killed, if need
// be, with the object.
class WorkerProcess {
 public:
  WorkerProcess(const std::string& server, const std::string& token);
  ~WorkerProcess();

  pid_t pid() const { return pid_; }
  void ClosePipe();
  void Signal(int signal);
  // How it ended (its exit status, or 128 + the signal), if it did within the time.
  std::optional<int> WaitForEnd(std::chrono::milliseconds timeout);

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

}  // namespace sumscope::worker

#endif  // SUMSCOPE_TESTS_SERVER_WORKER_WORKER_PROCESS_H_

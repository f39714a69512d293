#include "tests/server/worker/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sumscope::worker {

FakeServer::FakeServer() : address_("unix:" + folder_.path() + "/link") {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() { server_->Shutdown(std::chrono::system_clock::now()); }

grpc::Status FakeServer::Connect(grpc::ServerContext*,
                                 grpc::ServerReaderWriter<v1::ServerMessage, v1::WorkerMessage>* stream) {
  {
    MutexLock lock(&mutex_);
    stream_ = stream;
  }
  v1::WorkerMessage message;
  while (stream->Read(&message)) {
    MutexLock lock(&mutex_);
    if (message.sequence() > 0) {
      v1::ServerMessage ack;
      ack.mutable_ack()->set_task_id(message.task_id());
      ack.mutable_ack()->set_sequence(message.sequence());
      stream->Write(ack);
    }
    messages_.push_back(std::move(message));
    changed_.NotifyAll();
  }
  MutexLock lock(&mutex_);
  stream_ = nullptr;
  return grpc::Status::OK;
}

void FakeServer::Send(const v1::ServerMessage& message) {
  MutexLock lock(&mutex_);
  if (stream_ != nullptr) stream_->Write(message);
}

std::optional<v1::WorkerMessage> FakeServer::WaitFor(const std::function<bool(const v1::WorkerMessage&)>& wanted) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  MutexLock lock(&mutex_);
  while (true) {
    const auto found = std::find_if(messages_.begin(), messages_.end(), wanted);
    if (found != messages_.end()) return *found;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    changed_.WaitFor(&mutex_, left);
  }
}

std::vector<v1::WorkerMessage> FakeServer::Messages() {
  MutexLock lock(&mutex_);
  return messages_;
}

WorkerProcess::WorkerProcess(const std::string& server, const std::string& token) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  pipe_ = ends[1];
  const std::string line = token + "\n";
  if (write(pipe_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return;
  const std::string program = SUMSCOPE_BINARY_DIR "/bin/sumscope-worker";
  std::vector<std::string> arguments = {program,       "--server=" + server, "--slot=cpu0",       "--generation=3",
                                        "--threads=1", "--device=cpu",       "--parent-pipe-fd=9"};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], 9);
  if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
  posix_spawn_file_actions_destroy(&actions);
  close(ends[0]);
}

WorkerProcess::~WorkerProcess() {
  ClosePipe();
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void WorkerProcess::ClosePipe() {
  if (pipe_ >= 0) close(pipe_);
  pipe_ = -1;
}

void WorkerProcess::Signal(int signal) {
  if (pid_ > 0) kill(pid_, signal);
}

std::optional<int> WorkerProcess::WaitForEnd(std::chrono::milliseconds timeout) {
  if (pid_ <= 0) return std::nullopt;
  pollfd ended = {static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)), POLLIN, 0};
  const int ready = poll(&ended, 1, static_cast<int>(timeout.count()));
  close(ended.fd);
  if (ready != 1) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace sumscope::worker

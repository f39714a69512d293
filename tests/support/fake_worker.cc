// A worker without an engine: speaks the link and behaves as told, for tests of pool and jobs.
//
//   fake_worker --server=unix:/path --slot=cpu0 --generation=1 --threads=2 --device=cpu --parent-pipe-fd=3
//               [--behaviour=finish] [--messages=3] [--checkpoint] [--once=FILE] [--heartbeat-ms=100]
//
// A training task is answered with Started, `messages` metric blocks of one step each and, with --checkpoint, a set of
// weights at the spec's last step; an analysis task with Started and an empty EvaluateResult. Tensors that came with
// the task are answered with a LogText "received N bytes". When the last of these is acknowledged, the behaviour shows:
//   finish         Finished DONE
//   fail           Finished FAILED, reason FAKE_FAILURE
//   hold           nothing until cancel or stop
//   ignore_cancel  nothing, on cancel and stop neither; SIGTERM ends it
//   ignore_all     likewise, and SIGTERM and Shutdown are ignored
//   crash          SIGKILL to itself
//   orphan         likewise, but leaves a grandchild, told as LogText "grandchild PID"
//   mute           hold, without heartbeats from the task's start
//   exit           exits with status 3 before it links
//   wrong_token    says hello with another token
//   old_worker     says hello as a worker of the launch before
// With --once=FILE the first process that makes FILE behaves so, all later ones finish.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/limits.h"
#include "sumscope/worker/v1/link.grpc.pb.h"

namespace sumscope {
namespace {

using worker::v1::Finished;
using worker::v1::ServerMessage;
using worker::v1::WorkerMessage;

struct Flags {
  std::string server, slot, device, once, behaviour = "finish";
  uint64_t generation = 0;
  int threads = 1, parent_pipe_fd = -1, messages = 3, heartbeat_ms = 100;
  bool checkpoint = false;
};

Flags Parse(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    const size_t equals = argument.find('=');
    const absl::string_view name = argument.substr(0, equals);
    const std::string value(equals == absl::string_view::npos ? "" : argument.substr(equals + 1));
    if (name == "--server") flags.server = value;
    if (name == "--slot") flags.slot = value;
    if (name == "--device") flags.device = value;
    if (name == "--once") flags.once = value;
    if (name == "--behaviour") flags.behaviour = value;
    if (name == "--generation") flags.generation = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "--threads") flags.threads = std::atoi(value.c_str());
    if (name == "--parent-pipe-fd") flags.parent_pipe_fd = std::atoi(value.c_str());
    if (name == "--messages") flags.messages = std::atoi(value.c_str());
    if (name == "--heartbeat-ms") flags.heartbeat_ms = std::atoi(value.c_str());
    if (name == "--checkpoint") flags.checkpoint = true;
  }
  return flags;
}

std::string ReadLine(int fd) {
  std::string line;
  for (char c; read(fd, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

class FakeWorker {
 public:
  FakeWorker(const Flags& flags, const std::string& token) : flags_(flags), token_(token) {}

  // Until the link ends. Returns the exit status.
  int Run() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(2 * limits::kMaxMessageBytes);
    const auto channel = grpc::CreateCustomChannel(flags_.server, grpc::InsecureChannelCredentials(), arguments);
    const auto stub = worker::v1::WorkerLink::NewStub(channel);
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    stream_ = stub->Connect(&context);
    SayHello();
    std::thread heartbeats([this] { SendHeartbeats(); });
    ServerMessage message;
    while (stream_->Read(&message) && Handle(message)) {
    }
    {
      MutexLock lock(&mutex_);
      over_ = true;
      changed_.NotifyAll();
    }
    heartbeats.join();
    stream_->WritesDone();
    while (stream_->Read(&message)) {  // Finish waits until everything is read
    }
    return stream_->Finish().error_code() == grpc::StatusCode::UNAUTHENTICATED ? 4 : 0;
  }

 private:
  void SayHello() {
    WorkerMessage message;
    worker::v1::Hello* hello = message.mutable_hello();
    hello->set_protocol(1);
    hello->set_slot(flags_.slot);
    hello->set_secret(flags_.behaviour == "wrong_token" ? "00000000-0000-4000-8000-000000000000" : token_);
    hello->set_generation(flags_.behaviour == "old_worker" ? flags_.generation - 1 : flags_.generation);
    hello->set_pid(getpid());
    hello->mutable_provenance()->set_host("fake");
    hello->mutable_provenance()->set_device(flags_.device);
    hello->mutable_provenance()->set_threads(static_cast<uint32_t>(flags_.threads));
    Write(message);
  }

  void SendHeartbeats() {
    WorkerMessage message;
    message.mutable_heartbeat();
    while (true) {
      {
        MutexLock lock(&mutex_);
        if (over_) return;
        changed_.WaitFor(&mutex_, std::chrono::milliseconds(flags_.heartbeat_ms));
        if (over_) return;
      }
      if (!muted_) Write(message);
    }
  }

  // False when the link is to end.
  bool Handle(const ServerMessage& message) {
    if (message.has_task()) {
      task_ = message.task();
      sequence_ = received_ = 0;
      if (!task_->has_tensors()) Work();
    } else if (message.has_tensor_chunk()) {
      received_ += message.tensor_chunk().data().size();
    } else if (message.has_tensor_set_end() && task_.has_value()) {
      Log(absl::StrCat("received ", received_, " bytes"));
      Work();
    } else if (message.has_ack()) {
      if (task_.has_value() && message.ack().task_id() == task_->task_id() && message.ack().sequence() == sequence_) {
        Conclude();
      }
    } else if (message.has_cancel() || message.has_stop()) {
      const std::string& task_id = message.has_cancel() ? message.cancel().task_id() : message.stop().task_id();
      if (task_.has_value() && task_id == task_->task_id() && !absl::StartsWith(flags_.behaviour, "ignore")) {
        Finish(message.has_cancel() ? Finished::CANCELLED : Finished::STOPPED, "");
      }
    } else if (message.has_shutdown()) {
      return flags_.behaviour == "ignore_all";
    }
    return true;
  }

  void Work() {
    if (flags_.behaviour == "mute") muted_ = true;
    if (flags_.behaviour == "orphan") ForkGrandchild();
    WorkerMessage started;
    started.mutable_started()->set_first_step(task_->train().first_step());
    Send(&started);
    if (task_->has_analysis()) {
      WorkerMessage result;
      result.mutable_analysis_result()->mutable_evaluate();
      Send(&result);
      return;
    }
    for (int i = 0; i < flags_.messages; ++i) {
      WorkerMessage metrics;
      metrics.mutable_metrics()->set_first_step(task_->train().first_step() + static_cast<uint64_t>(i) + 1);
      metrics.mutable_metrics()->set_count(1);
      metrics.mutable_metrics()->add_columns("loss");
      metrics.mutable_metrics()->add_values(1.0 / (1.0 + static_cast<double>(i)));
      Send(&metrics);
    }
    if (flags_.checkpoint) SendCheckpoint();
  }

  void SendCheckpoint() {
    WorkerMessage begin, chunk, end;
    begin.mutable_tensor_set_begin()->set_kind(worker::v1::WEIGHTS);
    begin.mutable_tensor_set_begin()->set_step(task_->train().spec().steps());
    worker::v1::TensorInfo* tensor = begin.mutable_tensor_set_begin()->add_tensors();
    tensor->set_name("unembed.W_U");
    tensor->set_dtype("F32");
    tensor->add_shape(2);
    tensor->set_bytes(8);
    chunk.mutable_tensor_chunk()->set_data(std::string(8, '\x01'));
    end.mutable_tensor_set_end()->set_heldout_loss(0.5);
    Send(&begin);
    Send(&chunk);
    Send(&end);
  }

  // All that was sent is acknowledged.
  void Conclude() {
    if (flags_.behaviour == "crash" || flags_.behaviour == "orphan") raise(SIGKILL);
    if (flags_.behaviour == "finish") Finish(Finished::DONE, "");
    if (flags_.behaviour == "fail") Finish(Finished::FAILED, "FAKE_FAILURE");
  }

  void Finish(Finished::Outcome outcome, const std::string& reason) {
    WorkerMessage message;
    message.mutable_finished()->set_outcome(outcome);
    message.mutable_finished()->set_reason(reason);
    Send(&message);
    task_.reset();
  }

  void ForkGrandchild() {
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      while (true) pause();
    }
    Log(absl::StrCat("grandchild ", grandchild));
  }

  void Log(const std::string& text) {
    WorkerMessage message;
    message.mutable_log()->set_severity("INFO");
    message.mutable_log()->set_text(text);
    Send(&message);
  }

  void Send(WorkerMessage* message) {
    message->set_task_id(task_->task_id());
    message->set_sequence(++sequence_);
    Write(*message);
  }

  void Write(const WorkerMessage& message) {
    MutexLock lock(&write_mutex_);
    stream_->Write(message);
  }

  const Flags flags_;
  const std::string token_;
  std::atomic<bool> muted_{false};
  Mutex write_mutex_;  // a stream takes one Write at a time
  std::unique_ptr<grpc::ClientReaderWriter<WorkerMessage, ServerMessage>> stream_;

  // Of the thread that reads.
  std::optional<worker::v1::Task> task_;
  uint64_t sequence_ = 0, received_ = 0;

  Mutex mutex_;
  CondVar changed_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
};

int Main(int argc, char** argv) {
  Flags flags = Parse(argc, argv);
  if (!flags.once.empty() && open(flags.once.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600) < 0) {
    flags.behaviour = "finish";
  }
  if (flags.behaviour == "exit") {
    std::fputs("the fake worker gives up\n", stderr);
    return 3;
  }
  if (flags.behaviour == "ignore_all") signal(SIGTERM, SIG_IGN);
  const std::string token = ReadLine(flags.parent_pipe_fd);
  std::thread([fd = flags.parent_pipe_fd] {
    ReadLine(fd);
    _exit(0);  // the server is gone
  }).detach();
  return FakeWorker(flags, token).Run();
}

}  // namespace
}  // namespace sumscope

int main(int argc, char** argv) { _exit(sumscope::Main(argc, argv)); }  // its threads are not waited for

#include "server/workers/launch/local/local_worker.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <new>
#include <string>

#include "gtest/gtest.h"
#include "server/workers/launch/local/start_process.h"
#include "tests/server/workers/gate.h"
#include "tests/server/workers/temp_directory.h"

namespace sumscope::workers {
namespace {

using Phase = WorkerStatus::Phase;

// How it ended, or its last status when it did not within 20 s.
WorkerStatus AwaitEnd(LocalWorker* worker) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  WorkerStatus status = worker->Poll();
  while (status.phase != Phase::kEnded && std::chrono::steady_clock::now() < deadline) {
    poll(nullptr, 0, 5);  // nothing tells of its end but Poll
    status = worker->Poll();
  }
  return status;
}

// A worker program that sleeps.
LocalLaunchOptions Sleeper(const TempDirectory& directory) {
  const std::string program = directory.path() + "/worker";
  std::ofstream(program) << "#!/bin/sh\nexec sleep 1000\n";
  chmod(program.c_str(), 0700);
  return {program, {}, directory.path()};
}

TEST(LocalWorker_Test, StartHangsThenItIsStartingAndNobodyWaits) {
  Gate gate;
  LocalWorker worker([&gate]() -> absl::StatusOr<std::unique_ptr<LocalProcess>> {
    gate.Pass();
    return absl::NotFoundError("no such program");
  });
  EXPECT_EQ(worker.Poll().phase, Phase::kStarting);
  EXPECT_EQ(worker.pid(), 0);
  gate.Open();
  const WorkerStatus ended = AwaitEnd(&worker);
  EXPECT_EQ(ended.phase, Phase::kEnded);
  EXPECT_EQ(ended.exit.description, "no such program");
}

TEST(LocalWorker_Test, StartIsGivenUpThenItsProcessIsKilled) {
  const TempDirectory directory;
  const LocalLaunchOptions options = Sleeper(directory);
  Gate comes, gate;
  LocalWorker worker([&] {
    comes.Open();
    gate.Pass();
    return StartProcess(options, WorkerSpec());
  });
  comes.Pass();
  worker.Kill();
  EXPECT_EQ(worker.Poll().phase, Phase::kStarting) << "its process may come yet";
  gate.Open();
  const WorkerStatus ended = AwaitEnd(&worker);
  EXPECT_EQ(ended.phase, Phase::kEnded);
  EXPECT_EQ(ended.exit.description, "killed by signal 9 (Killed)");
}

TEST(LocalWorker_Test, StartThrowsThenWorkerEndedAndServerLives) {
  LocalWorker worker([]() -> absl::StatusOr<std::unique_ptr<LocalProcess>> { throw std::bad_alloc(); });
  EXPECT_EQ(AwaitEnd(&worker).phase, Phase::kEnded);
}

TEST(LocalWorker_Test, WorkerIsDroppedWhileItStartsThenNoProcessIsLeft) {
  const TempDirectory directory;
  const LocalLaunchOptions options = Sleeper(directory);
  Gate comes;
  pid_t pid = 0;
  {
    const LocalWorker worker([&] {
      comes.Open();
      absl::StatusOr<std::unique_ptr<LocalProcess>> process = StartProcess(options, WorkerSpec());
      if (process.ok()) pid = (*process)->pid();
      return process;
    });
    comes.Pass();
  }
  ASSERT_GT(pid, 0);
  EXPECT_EQ(waitpid(pid, nullptr, WNOHANG), -1);
}

}  // namespace
}  // namespace sumscope::workers

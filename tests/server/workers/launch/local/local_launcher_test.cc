#include "server/workers/launch/local/local_launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <sstream>

#include "gtest/gtest.h"
#include "tests/server/workers/temp_directory.h"

namespace sumscope::workers {
namespace {

constexpr std::chrono::seconds kPatience(20);

WorkerSpec Spec() { return {"cpu0", "cpu", 2, "unix:/nowhere/worker.sock", "the token", 7}; }

std::string Read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A worker program that runs `body` in a shell.
std::string Script(const TempDirectory& directory, const std::string& body) {
  const std::string path = directory.path() + "/worker";
  std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
  chmod(path.c_str(), 0700);
  return path;
}

bool EndsWithin(pid_t pid, std::chrono::milliseconds timeout) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  pollfd event{fd, POLLIN, 0};
  const bool ended = poll(&event, 1, static_cast<int>(timeout.count())) == 1;
  close(fd);
  return ended;
}

// Polls until the worker is out of `phase`; nothing else tells of it.
WorkerStatus AwaitEndOf(WorkerStatus::Phase phase, WorkerProcess* process) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  WorkerStatus status = process->Poll();
  while (status.phase == phase && std::chrono::steady_clock::now() < deadline) {
    poll(nullptr, 0, 5);
    status = process->Poll();
  }
  return status;
}

pid_t AwaitPid(WorkerProcess* process) {
  AwaitEndOf(WorkerStatus::Phase::kStarting, process);
  return process->pid();
}

WorkerExit AwaitExit(WorkerProcess* process) {
  AwaitPid(process);
  const WorkerStatus status = AwaitEndOf(WorkerStatus::Phase::kRunning, process);
  EXPECT_EQ(status.phase, WorkerStatus::Phase::kEnded);
  return status.exit;
}

TEST(LocalLauncher_Test, WorkerStartsThenItHasItsArgumentsAndNothingElse) {
  const TempDirectory directory;
  // Descriptors that a library of the server forgot to close on exec.
  const int inherited = open((directory.path() + "/leaked").c_str(), O_RDWR | O_CREAT, 0600);
  const int inherited_high = fcntl(inherited, F_DUPFD, 50);
  LocalLauncher launcher({Script(directory,
                                 "echo \"$@\"\n"
                                 "read -r token <&3; echo token: $token\n"
                                 "for fd in /proc/$$/fd/*; do echo fd: $(readlink $fd); done\n"
                                 "read -r line || echo no input\n"
                                 "cut -d' ' -f5 /proc/$$/stat; nice; echo error >&2; exit 7"),
                          {"--extra"},
                          directory.path(),
                          10});
  std::unique_ptr<WorkerProcess> process = launcher.Launch(Spec());
  const WorkerExit exit = AwaitExit(process.get());
  close(inherited);
  close(inherited_high);

  EXPECT_EQ(exit.description, "exited with status 7");
  std::istringstream log(Read(directory.path() + "/worker-cpu0.log"));
  std::string line;
  std::getline(log, line);
  EXPECT_EQ(line,
            "--server=unix:/nowhere/worker.sock --slot=cpu0 --generation=7 --threads=2 --device=cpu --parent-pipe-fd=3 "
            "--extra");
  std::getline(log, line);
  EXPECT_EQ(line, "token: the token");
  int fds = 0;
  for (; std::getline(log, line) && line.rfind("fd: ", 0) == 0; ++fds) {
    EXPECT_EQ(line.find("leaked"), std::string::npos) << line;
  }
  EXPECT_GE(fds, 4);
  EXPECT_EQ(line, "no input");
  std::getline(log, line);
  EXPECT_EQ(line, std::to_string(process->pid()));  // leads its own group
  std::getline(log, line);
  EXPECT_EQ(line, std::to_string(std::max(10, getpriority(PRIO_PROCESS, 0))));
  std::getline(log, line);
  EXPECT_EQ(line, "error");
}

TEST(LocalLauncher_Test, WorkerIsOfTheQuickLaneThenItGoesBeforeOthers) {
  const TempDirectory directory;
  LocalLauncher launcher({Script(directory, "read -r token <&3; nice"), {}, directory.path(), 10});
  WorkerSpec spec = Spec();
  spec.quick = true;
  AwaitExit(launcher.Launch(spec).get());
  EXPECT_EQ(Read(directory.path() + "/worker-cpu0.log"), std::to_string(getpriority(PRIO_PROCESS, 0)) + "\n");
}

TEST(LocalLauncher_Test, ProgramIsMissingThenWorkerEndedAndSaysWhy) {
  const TempDirectory directory;
  const LocalLaunchOptions options{directory.path() + "/missing", {}, directory.path(), 10};
  EXPECT_EQ(StartProcess(options, Spec()).status().code(), absl::StatusCode::kNotFound);
  LocalLauncher launcher(options);
  const WorkerExit exit = AwaitExit(launcher.Launch(Spec()).get());
  EXPECT_NE(exit.description.find(options.program), std::string::npos) << exit.description;
}

TEST(LocalLauncher_Test, LeaderEndsThenItsGroupIsKilled) {
  const TempDirectory directory;
  LocalLauncher launcher(
      {Script(directory, "sleep 1000 & echo $! >" + directory.path() + "/child; exit 0"), {}, directory.path(), 10});
  std::unique_ptr<WorkerProcess> process = launcher.Launch(Spec());
  EXPECT_EQ(AwaitExit(process.get()).description, "exited with status 0");
  const std::string child = Read(directory.path() + "/child");
  const std::string stat = Read("/proc/" + std::to_string(std::stoi(child)) + "/stat");
  EXPECT_TRUE(stat.empty() || stat.find(") Z") != std::string::npos) << stat;
}

TEST(LocalLauncher_Test, ProcessIsDroppedThenItsGroupIsKilledAndReaped) {
  const TempDirectory directory;
  LocalLauncher launcher({Script(directory, "trap '' TERM; while :; do sleep 1000; done"), {}, directory.path(), 10});
  std::unique_ptr<WorkerProcess> process = launcher.Launch(Spec());
  const pid_t pid = AwaitPid(process.get());
  EXPECT_EQ(process->Poll().phase, WorkerStatus::Phase::kRunning);
  process.reset();
  EXPECT_EQ(waitpid(pid, nullptr, WNOHANG), -1);
}

TEST(LocalLauncher_Test, LogIsOverItsMaximumThenNextWorkerStartsItAnew) {
  const TempDirectory directory;
  const std::string log = directory.path() + "/worker-cpu0.log";
  LocalLauncher launcher({Script(directory, "echo hello"), {}, directory.path(), 10});
  std::ofstream(log) << "before\n";
  AwaitExit(launcher.Launch(Spec()).get());
  EXPECT_EQ(Read(log), "before\nhello\n");
  std::ofstream(log) << std::string((10 << 20) + 1, 'x');
  const WorkerExit exit = AwaitExit(launcher.Launch(Spec()).get());
  EXPECT_EQ(Read(log), "hello\n");
  EXPECT_EQ(exit.log_tail, "hello");
}

// The log of a worker that lived on was looked at only when the next one started.
TEST(LocalLauncher_Test, LogPassesItsMaximumWhileTheWorkerLivesThenItStartsAnew) {
  const TempDirectory directory;
  const std::string log = directory.path() + "/worker-cpu0.log", written = directory.path() + "/written";
  LocalLauncher launcher({Script(directory, "head -c 11000000 /dev/zero; mkfifo " + written + "; read -r line <" +
                                                written + "; echo hello; exit 1"),
                          {},
                          directory.path(),
                          10});
  std::unique_ptr<WorkerProcess> process = launcher.Launch(Spec());
  AwaitPid(process.get());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const auto wait_while = [&](const std::function<bool()>& condition) {
    while (condition() && std::chrono::steady_clock::now() < deadline) poll(nullptr, 0, 5);
  };
  wait_while([&] { return access(written.c_str(), F_OK) != 0; });
  wait_while([&] { return !Read(log).empty(); });
  EXPECT_EQ(process->Poll().phase, WorkerStatus::Phase::kRunning);
  EXPECT_EQ(Read(log), "");
  std::ofstream(written) << "go on\n";
  EXPECT_EQ(AwaitExit(process.get()).log_tail, "hello");
  EXPECT_EQ(Read(log), "hello\n");
}

TEST(LocalLauncher_Test, WorkerWritesMuchThenTailHasItsLastLines) {
  const TempDirectory directory;
  LocalLauncher launcher({Script(directory, "seq 1 1000; printf 'bad \\377 byte\\n'"), {}, directory.path(), 10});
  const WorkerExit exit = AwaitExit(launcher.Launch(Spec()).get());
  EXPECT_EQ(exit.log_tail, "997\n998\n999\n1000\nbad ? byte");
}

// kill -9 of the server: nothing tells the worker but the end of its pipe.
TEST(LocalLauncher_Test, ServerIsKilledThenWorkerExits) {
  const TempDirectory directory;
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // the orphaned worker becomes this process's child
  int report[2];
  ASSERT_EQ(pipe2(report, O_CLOEXEC), 0);
  const pid_t server = fork();
  if (server == 0) {
    LocalLauncher launcher({SUMSCOPE_BINARY_DIR "/tests/fake_worker", {}, directory.path(), 10});
    const std::unique_ptr<WorkerProcess> process = launcher.Launch(Spec());
    // A sibling must not hold the first one's pipe open.
    WorkerSpec second = Spec();
    second.slot = "cpu1";
    const std::unique_ptr<WorkerProcess> sibling = launcher.Launch(second);
    const pid_t pids[] = {AwaitPid(process.get()), AwaitPid(sibling.get())};
    if (write(report[1], pids, sizeof(pids)) != sizeof(pids)) _exit(1);
    while (true) pause();
  }
  pid_t pids[2] = {0, 0};
  ASSERT_EQ(read(report[0], pids, sizeof(pids)), static_cast<ssize_t>(sizeof(pids)));
  close(report[0]);
  close(report[1]);
  kill(server, SIGKILL);
  ASSERT_EQ(waitpid(server, nullptr, 0), server);
  for (const pid_t pid : pids) {
    ASSERT_GT(pid, 0);
    EXPECT_TRUE(EndsWithin(pid, std::chrono::seconds(5)));
    kill(pid, SIGKILL);  // leave nothing behind when the expectation failed
    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
  }
}

}  // namespace
}  // namespace sumscope::workers

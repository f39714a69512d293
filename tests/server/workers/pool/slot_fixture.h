#ifndef SUMSCOPE_TESTS_SERVER_WORKERS_POOL_SLOT_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_WORKERS_POOL_SLOT_FIXTURE_H_

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/workers/pool/slot_supervisor.h"

namespace sumscope::workers {

inline constexpr pid_t kPid = 4711;

// What a supervised process was told, and how far it is; it ends when the test says so.
struct ProcessState {
  pid_t pid = kPid;
  std::vector<std::string> signals;
  WorkerStatus status{WorkerStatus::Phase::kRunning, "", {}};
  std::optional<WorkerExit> exit;
};
class FakeProcess final : public WorkerProcess {
 public:
  explicit FakeProcess(ProcessState* state) : state_(state) {}
  pid_t pid() const override { return state_->pid; }
  void Terminate() override { state_->signals.push_back("TERM"); }
  void Kill() override { state_->signals.push_back("KILL"); }
  WorkerStatus Poll() override {
    if (!state_->exit.has_value()) return state_->status;
    return {WorkerStatus::Phase::kEnded, "", *state_->exit};
  }

 private:
  ProcessState* const state_;
};
class FakeLauncher final : public WorkerLauncher {
 public:
  explicit FakeLauncher(ProcessState* state) : state_(state) {}
  std::unique_ptr<WorkerProcess> Launch(const WorkerSpec&) override { return std::make_unique<FakeProcess>(state_); }

 private:
  ProcessState* const state_;
};

class FakeLink final : public WorkerLink {
 public:
  void SendTask(worker::v1::Task task, std::optional<TaskTensors>) override {
    sent.push_back("task " + task.task_id());
  }
  void EndTask(const std::string&) override {}
  void SendAck(const std::string& id, uint64_t sequence) override {
    sent.push_back("ack " + id + " " + std::to_string(sequence));
  }
  void SendCancel(const std::string& id) override { sent.push_back("cancel " + id); }
  void SendStop(const std::string& id) override { sent.push_back("stop " + id); }
  void SendShutdown() override { sent.push_back("shutdown"); }
  void Break() override { sent.push_back("break"); }
  std::vector<std::string> sent;
};

class SlotFixture : public testing::Test {
 protected:
  using Signals = std::vector<std::string>;

  explicit SlotFixture(SlotConfig config = {"cpu0", "cpu", 2}) : slot_(std::move(config), SupervisionLimits()) {}

  // Time passes in the steps of the pool's thread.
  void Pass(absl::Duration time) {
    for (const absl::Duration end = now_ + time; now_ < end;) {
      now_ += std::min(absl::Milliseconds(50), end - now_);
      slot_.Tick(now_);
    }
  }
  // Likewise, with a worker that is well.
  void PassWithHeartbeats(absl::Duration time) {
    for (const absl::Duration end = now_ + time; now_ < end;) {
      now_ += std::min(absl::Milliseconds(50), end - now_);
      slot_.Heard(now_);
      slot_.Tick(now_);
    }
  }
  void Launch() {
    ASSERT_TRUE(slot_.WantsLaunch(now_));
    process_ = ProcessState();
    slot_.Launch(&launcher_, "unix:/socket", "token", now_);
  }
  worker::v1::Hello Hello() {
    worker::v1::Hello hello;
    hello.set_protocol(1);
    hello.set_slot("cpu0");
    hello.set_secret("token");
    hello.set_generation(slot_.generation());
    return hello;
  }
  // A worker that ends before it links.
  void LaunchInVain() {
    Launch();
    process_.exit = WorkerExit{"exited with status 1", "no such library"};
    Pass(absl::Milliseconds(50));
  }
  void BreakSlot() {
    for (int start = 0; start < limits::kRestartBudget; ++start) {
      now_ += limits::kRestartDelayMax;
      LaunchInVain();
    }
    ASSERT_EQ(slot_.Describe().state(), "BROKEN");
  }
  void LaunchAndLink() {
    Launch();
    ASSERT_TRUE(slot_.Admit(Hello(), &link_, now_).ok());
    ASSERT_TRUE(slot_.BecomeIdle());
  }
  void AssignTask(const std::string& id) {
    worker::v1::Task task;
    task.set_task_id(id);
    ASSERT_TRUE(slot_.Assign(task, std::nullopt).ok());
  }
  // The process ends and its link with it, as the pool tells it.
  std::vector<SlotSupervisor::LostTask> End() {
    process_.exit = WorkerExit{"exited with status 1", ""};
    slot_.LinkLost(absl::OkStatus(), now_);
    Pass(absl::Milliseconds(50));
    EXPECT_TRUE(slot_.ProcessGone());
    std::vector<SlotSupervisor::LostTask> lost = slot_.TakeLostTasks();
    slot_.DetachLink(now_);
    return lost;
  }

  absl::Duration now_ = absl::Hours(100);
  SlotSupervisor slot_;
  ProcessState process_;
  FakeLauncher launcher_{&process_};
  FakeLink link_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_TESTS_SERVER_WORKERS_POOL_SLOT_FIXTURE_H_

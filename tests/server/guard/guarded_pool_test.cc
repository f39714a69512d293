#include "server/guard/guarded_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/fake_nvml/fake_box.h"

namespace sumscope::guard {
namespace {

constexpr char kGpus[] = "gpu uuid=GPU-00 total_mib=10000\ngpu uuid=GPU-11 total_mib=10000\n";
constexpr int64_t kWorker = 7;

std::string Holds(int mib) { return absl::StrCat(kGpus, "process gpu=0 pid=7 memory_mib=", mib, "\n"); }

// What passes, by hand.
class HandClock final : public Clock {
 public:
  absl::Time Now() override { return absl::UnixEpoch() + Monotonic(); }
  absl::Duration Monotonic() override { return absl::Seconds(seconds_.load()); }
  void Advance(int seconds) { seconds_ += seconds; }

 private:
  std::atomic<int> seconds_{1000};
};

// Remembers what it was asked; the test speaks for its workers through `listener`.
class ToldPool final : public workers::WorkerPool {
 public:
  absl::Status Start(workers::WorkerListener* to) override {
    listener = to;
    return absl::OkStatus();
  }
  absl::Status Assign(const std::string& slot, const worker::v1::Task& task,
                      std::optional<workers::TaskTensors>) override {
    told.push_back(absl::StrCat("assign ", slot, " ", task.task_id()));
    return assigned;
  }
  void Acknowledge(const std::string&, const std::string&, uint64_t) override { told.push_back("acknowledge"); }
  void Cancel(const std::string&, const std::string&) override { told.push_back("cancel"); }
  void Stop(const std::string&, const std::string&, absl::Duration) override { told.push_back("stop"); }
  void Wake(const std::string& slot) override { told.push_back("wake " + slot); }
  void Restart(const std::string& slot, const std::string&) override { told.push_back("restart " + slot); }
  std::vector<v1::Slot> Slots() const override {
    std::vector<v1::Slot> slots(3);
    const std::pair<const char*, const char*> names[] = {{"gpu0", "cuda:0"}, {"gpu1", "cuda:1"}, {"cpu0", "cpu"}};
    for (size_t i = 0; i < slots.size(); ++i) {
      slots[i].set_name(names[i].first);
      slots[i].set_device(names[i].second);
    }
    return slots;
  }
  std::string WhyNoWorker() const override { return "none"; }
  void Shutdown() override {}

  workers::WorkerListener* listener = nullptr;
  absl::Status assigned;
  std::vector<std::string> told;
};

class Heard final : public workers::WorkerListener {
 public:
  void OnIdle(const std::string& slot) override { all.push_back("idle " + slot); }
  void OnMessage(const std::string& slot, worker::v1::WorkerMessage message) override {
    if (message.has_hello()) all.push_back("hello " + slot);
    if (message.has_finished()) all.push_back(absl::StrCat("finished ", slot, " ", message.task_id()));
  }
  void OnNote(const std::string& slot, const std::string& task_id, const std::string& severity,
              const std::string& text) override {
    all.push_back(absl::StrCat(severity, " ", slot, " ", task_id));
    last_text = text;
  }
  void OnLost(const std::string& slot, const std::string& task_id, const std::string&, const std::string&) override {
    all.push_back(absl::StrCat("lost ", slot, " ", task_id));
  }
  std::vector<std::string> Take() { return std::exchange(all, {}); }

  std::vector<std::string> all;
  std::string last_text;
};

class GuardedPool_Test : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;

  GuardedPool_Test() {
    box_.Become(Holds(500));
    devices::MonitorOptions options;
    options.nvml_library = box_.library();
    options.clock = &clock_;
    options.is_ours = [](int64_t pid) { return pid == kWorker; };
    options.owner = [](int64_t) { return "ada"; };
    monitor_ = std::make_unique<devices::DeviceMonitor>(options);
    auto inner = std::make_unique<ToldPool>();
    inner_ = inner.get();
    pool_ = std::make_unique<GuardedPool>(std::move(inner), monitor_.get());
    monitor_->SetListener([this](const devices::DeviceEvent& event) { pool_->Hear(event); });
    EXPECT_TRUE(pool_->Start(&heard_).ok());
  }
  void SayHello(const std::string& slot, const std::string& uuid) {
    worker::v1::WorkerMessage message;
    message.mutable_hello()->set_pid(kWorker);
    message.mutable_hello()->set_device_uuid(uuid);
    inner_->listener->OnMessage(slot, std::move(message));
  }
  absl::Status Assign(const std::string& slot, const std::string& id) {
    worker::v1::Task task;
    task.set_task_id(id);
    return pool_->Assign(slot, task, std::nullopt);
  }
  void Finish(const std::string& slot, const std::string& id) {
    worker::v1::WorkerMessage message;
    message.set_task_id(id);
    message.mutable_finished();
    inner_->listener->OnMessage(slot, std::move(message));
    inner_->listener->OnIdle(slot);
  }
  void LookAt(const std::string& lines, int seconds = 1) {
    box_.Become(lines);
    clock_.Advance(seconds);
    monitor_->Look();
  }

  const FakeBox box_;
  HandClock clock_;
  Heard heard_;
  std::unique_ptr<devices::DeviceMonitor> monitor_;
  ToldPool* inner_ = nullptr;
  std::unique_ptr<GuardedPool> pool_;
};

TEST_F(GuardedPool_Test, GivenAWorkerOnAnotherGpuThenItIsRestarted) {
  SayHello("gpu0", "GPU-11");
  EXPECT_EQ(inner_->told, Words{"restart gpu0"});
  inner_->told.clear();
  SayHello("gpu0", "GPU-00");
  SayHello("gpu1", "");
  SayHello("cpu0", "");
  EXPECT_TRUE(inner_->told.empty());
  EXPECT_EQ(heard_.Take().size(), 4u);
}

TEST_F(GuardedPool_Test, AfterATaskASlotIsIdleOnceMemoryIsBack) {
  SayHello("gpu0", "GPU-00");
  inner_->listener->OnIdle("gpu0");
  EXPECT_EQ(heard_.Take(), (Words{"hello gpu0", "idle gpu0"}));
  ASSERT_TRUE(Assign("gpu0", "t").ok());
  LookAt(Holds(6000));
  Finish("gpu0", "t");
  EXPECT_EQ(heard_.Take(), Words{"finished gpu0 t"});
  LookAt(Holds(5000), 8);
  EXPECT_TRUE(heard_.Take().empty());
  LookAt(Holds(600));
  EXPECT_EQ(heard_.Take(), Words{"idle gpu0"});
  // The look may also come before the slot says that it is idle.
  ASSERT_TRUE(Assign("gpu0", "u").ok());
  worker::v1::WorkerMessage message;
  message.set_task_id("u");
  message.mutable_finished();
  inner_->listener->OnMessage("gpu0", std::move(message));
  monitor_->Look();
  inner_->listener->OnIdle("gpu0");
  EXPECT_EQ(heard_.Take(), (Words{"finished gpu0 u", "idle gpu0"}));
  EXPECT_EQ(inner_->told, (Words{"assign gpu0 t", "assign gpu0 u"}));
}

TEST_F(GuardedPool_Test, GivenMemoryThatIsKeptThenTheWorkerIsRestarted) {
  SayHello("gpu0", "GPU-00");
  ASSERT_TRUE(Assign("gpu0", "t").ok());
  Finish("gpu0", "t");
  heard_.Take();
  LookAt(Holds(6000), 9);
  EXPECT_EQ(inner_->told, Words{"assign gpu0 t"});
  LookAt(Holds(6000));
  EXPECT_EQ(inner_->told, (Words{"assign gpu0 t", "restart gpu0"}));
  EXPECT_TRUE(heard_.Take().empty()) << "it is not idle";
  // The next worker is, at once.
  SayHello("gpu0", "GPU-00");
  inner_->listener->OnIdle("gpu0");
  EXPECT_EQ(heard_.Take(), (Words{"hello gpu0", "idle gpu0"}));
}

TEST_F(GuardedPool_Test, GivenAForeignerOrALostGpuThenItsTasksHaveThatInTheirLog) {
  for (const char* slot : {"gpu0", "gpu1", "cpu0"}) SayHello(slot, "");
  ASSERT_TRUE(Assign("gpu0", "t").ok());
  ASSERT_TRUE(Assign("gpu1", "u").ok());
  ASSERT_TRUE(Assign("cpu0", "v").ok());
  heard_.Take();
  LookAt(Holds(500) + "process gpu=0 pid=4242 memory_mib=700\n");
  EXPECT_EQ(heard_.Take(), Words{"WARNING gpu0 t"});
  EXPECT_TRUE(absl::StrContains(heard_.last_text, "4242")) << heard_.last_text;
  LookAt(Holds(500));
  EXPECT_EQ(heard_.Take(), Words{"INFO gpu0 t"});
  LookAt("gpu uuid=GPU-00 total_mib=10000\ngpu uuid=GPU-11 lost=1\n");
  EXPECT_EQ(heard_.Take(), Words{"WARNING gpu1 u"});
  inner_->listener->OnLost("gpu1", "u", "WORKER_LOST", "");
  heard_.Take();
  LookAt(kGpus);
  EXPECT_TRUE(heard_.Take().empty()) << "it has no task any more";
}

TEST_F(GuardedPool_Test, OfTheCpuNothingIsWatched) {
  SayHello("cpu0", "");
  ASSERT_TRUE(Assign("cpu0", "t").ok());
  Finish("cpu0", "t");
  EXPECT_EQ(heard_.Take(), (Words{"hello cpu0", "finished cpu0 t", "idle cpu0"}));
}

TEST_F(GuardedPool_Test, GivenATaskThatThePoolRefusesThenItIsForgotten) {
  SayHello("gpu0", "GPU-00");
  inner_->assigned = absl::InternalError("no");
  EXPECT_FALSE(Assign("gpu0", "t").ok());
  heard_.Take();
  LookAt(Holds(500) + "process gpu=0 pid=4242 memory_mib=700\n");
  EXPECT_TRUE(heard_.Take().empty());
}

TEST_F(GuardedPool_Test, AfterItsShutdownNothingIsHeard) {
  SayHello("gpu0", "GPU-00");
  ASSERT_TRUE(Assign("gpu0", "t").ok());
  heard_.Take();
  pool_->Shutdown();
  LookAt(Holds(500) + "process gpu=0 pid=4242 memory_mib=700\n");
  EXPECT_TRUE(heard_.Take().empty());
}

TEST_F(GuardedPool_Test, TheRestIsThePools) {
  pool_->Acknowledge("gpu0", "t", 1);
  pool_->Cancel("gpu0", "t");
  pool_->Stop("gpu0", "t", absl::Seconds(1));
  pool_->Wake("gpu0");
  pool_->Restart("gpu0", "why");
  EXPECT_EQ(inner_->told, (Words{"acknowledge", "cancel", "stop", "wake gpu0", "restart gpu0"}));
  EXPECT_EQ(pool_->WhyNoWorker(), "none");
  EXPECT_EQ(pool_->Slots().size(), 3u);
}

}  // namespace
}  // namespace sumscope::guard

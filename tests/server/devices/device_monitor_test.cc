#include "server/devices/device_monitor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "tests/support/fake_nvml/fake_box.h"

namespace sumscope::devices {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr char kGpus[] =
    "gpu uuid=GPU-00 name=Fake_A total_mib=10000 used_mib=1000\n"
    "gpu uuid=GPU-11 name=Fake_B total_mib=10000\n";
constexpr int64_t kWorker = 7, kStranger = 4242, kGone = 99;

class HandClock : public Clock {
 public:
  absl::Time Now() override { return absl::UnixEpoch() + Monotonic(); }
  absl::Duration Monotonic() override { return absl::Seconds(seconds_.load()); }
  void Advance(int seconds) { seconds_ += seconds; }

 private:
  std::atomic<int> seconds_{1000};
};

class DeviceMonitor_Test : public ::testing::Test {
 protected:
  void SetUp() override { box_.Become(kGpus); }

  MonitorOptions Options() {
    MonitorOptions options;
    options.nvml_library = box_.library();
    options.clock = &clock_;
    options.is_ours = [](int64_t pid) { return pid == kWorker; };
    options.owner = [](int64_t pid) { return pid == kGone ? std::nullopt : std::make_optional<std::string>("ada"); };
    options.machine = [] { return Machine{4, 1000 * kMiB}; };
    options.free_memory = [] { return 400 * kMiB; };
    return options;
  }
  void Make() {
    monitor_ = std::make_unique<DeviceMonitor>(Options());
    monitor_->SetListener([this](const DeviceEvent& event) { events_.push_back(event); });
  }
  // Becomes so, and is looked at a look later.
  void LookAt(const std::string& lines, int seconds = 5) {
    box_.Become(lines);
    clock_.Advance(seconds);
    monitor_->Look();
  }
  std::vector<DeviceEvent> TakeEvents() { return std::exchange(events_, {}); }
  std::string Reason(const std::string& device) const { return ErrorReason(monitor_->AvailabilityOf(device).status); }

  const FakeBox box_;
  HandClock clock_;
  std::vector<DeviceEvent> events_;
  std::unique_ptr<DeviceMonitor> monitor_;
};

using Kind = DeviceEvent::Kind;

TEST_F(DeviceMonitor_Test, GivenNoNvmlThenTheCpuAlone) {
  MonitorOptions options = Options();
  options.nvml_library = "/none/libnvidia-ml.so.1";
  const DeviceMonitor monitor(options);
  EXPECT_EQ(ErrorReason(monitor.nvml_status()), "NVML_MISSING");
  const std::vector<DeviceState> devices = monitor.Devices();
  ASSERT_EQ(devices.size(), 1u);
  EXPECT_EQ(devices[0].name, "cpu");
  EXPECT_EQ(devices[0].memory_total, 1000 * kMiB);
  EXPECT_EQ(devices[0].memory_used, 600 * kMiB);
  EXPECT_EQ(monitor.AvailabilityOf("cpu").free_bytes, 400 * kMiB);
  EXPECT_TRUE(monitor.AvailabilityOf("cuda:0").status.ok()) << "nobody knows of it";
  EXPECT_EQ(monitor.AvailabilityOf("cuda:0").free_bytes, std::nullopt);
  EXPECT_TRUE(monitor.Warnings().empty()) << "most machines have none";
}

TEST_F(DeviceMonitor_Test, GivenADriverThatDoesNotStartThenAWarning) {
  box_.Become("fails init=18\n");
  Make();
  EXPECT_EQ(monitor_->Devices().size(), 1u);
  EXPECT_EQ(monitor_->Warnings().size(), 1u);
}

TEST_F(DeviceMonitor_Test, GivenAForeignProcessThenItsGpuIsBusyAndTheOtherFree) {
  box_.Become(absl::StrCat(kGpus, "process gpu=0 pid=4242 memory_mib=700\nprocess gpu=0 pid=7 memory_mib=300\n",
                           "process gpu=1 pid=7 memory_mib=9000\n"));
  Make();
  const Availability busy = monitor_->AvailabilityOf("cuda:0");
  EXPECT_EQ(ErrorReason(busy.status), "DEVICE_BUSY_OUTSIDE");
  for (const char* part : {"cuda:0", "ada", "4242", "700"}) {
    EXPECT_TRUE(absl::StrContains(busy.status.message(), part)) << busy.status;
  }
  EXPECT_EQ(busy.free_bytes, 9000 * kMiB);
  EXPECT_TRUE(monitor_->AvailabilityOf("cuda:1").status.ok()) << "a worker is not foreign";
  EXPECT_EQ(Reason("cuda:2"), "DEVICE_UNKNOWN");

  const DeviceState gpu = *monitor_->Find("cuda:0");
  EXPECT_EQ(gpu.uuid, "GPU-00");
  EXPECT_EQ(gpu.model, "Fake_A");
  ASSERT_EQ(gpu.foreign.size(), 1u);
  EXPECT_EQ(gpu.foreign[0].pid, kStranger);
  EXPECT_EQ(gpu.foreign[0].user, "ada");
  EXPECT_EQ(gpu.foreign[0].memory_mib, 700u);
  ASSERT_EQ(gpu.ours.size(), 1u);
  EXPECT_EQ(gpu.ours[0].pid, kWorker);
  EXPECT_EQ(monitor_->MemoryOf("cuda:0", kWorker), 300 * kMiB);
  EXPECT_EQ(monitor_->MemoryOf("cuda:0", kStranger), 0u);
  EXPECT_EQ(monitor_->Warnings().size(), 1u);
}

TEST_F(DeviceMonitor_Test, GivenForeignersBelowTheLimitTogetherThenFree) {
  box_.Become(absl::StrCat(kGpus, "process gpu=0 pid=1 memory_mib=256\nprocess gpu=0 pid=2 memory_mib=256\n"));
  Make();
  EXPECT_EQ(Reason("cuda:0"), "");
  LookAt(absl::StrCat(kGpus, "process gpu=0 pid=1 memory_mib=256\nprocess gpu=0 pid=2 memory_mib=257\n"));
  EXPECT_EQ(Reason("cuda:0"), "DEVICE_BUSY_OUTSIDE");
}

TEST_F(DeviceMonitor_Test, GivenAProcessThatIsNotHereThenItDoesNotCount) {
  box_.Become(absl::StrCat(kGpus, "process gpu=0 pid=99 memory_mib=5000\n"));
  Make();
  EXPECT_EQ(Reason("cuda:0"), "");
}

TEST_F(DeviceMonitor_Test, GivenMemoryThatTheDriverKeepsToItselfThenWhatNobodyElseHoldsCounts) {
  box_.Become(absl::StrCat(kGpus, "process gpu=0 pid=7 memory_mib=300\nprocess gpu=0 pid=4242 memory_mib=?\n"));
  Make();
  EXPECT_EQ(monitor_->Find("cuda:0")->foreign[0].memory_mib, 700u);
}

TEST_F(DeviceMonitor_Test, GivenAForeignerWhoComesAndGoesThenAnEventEach) {
  Make();
  LookAt(kGpus);
  EXPECT_TRUE(TakeEvents().empty());
  LookAt(absl::StrCat(kGpus, "process gpu=1 pid=4242 memory_mib=700\n"));
  LookAt(absl::StrCat(kGpus, "process gpu=1 pid=4242 memory_mib=900\n"));
  std::vector<DeviceEvent> events = TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kBusyOutside);
  EXPECT_EQ(events[0].device, "cuda:1");
  EXPECT_TRUE(absl::StrContains(events[0].text, "4242")) << events[0].text;
  LookAt(kGpus);
  events = TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kFreeOfOthers);
  EXPECT_EQ(Reason("cuda:1"), "");
}

TEST_F(DeviceMonitor_Test, GivenAGpuThatFallsOffTheBusThenLostUntilItIsBack) {
  Make();
  LookAt("gpu uuid=GPU-00 lost=1\ngpu uuid=GPU-11 name=Fake_B total_mib=10000\n");
  std::vector<DeviceEvent> events = TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kLost);
  EXPECT_EQ(events[0].device, "cuda:0");
  EXPECT_EQ(Reason("cuda:0"), "DEVICE_LOST");
  EXPECT_EQ(Reason("cuda:1"), "");
  EXPECT_EQ(monitor_->Find("cuda:0")->model, "Fake_A");
  EXPECT_EQ(monitor_->Warnings().size(), 1u);
  LookAt(kGpus);
  events = TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kBack);
  EXPECT_EQ(Reason("cuda:0"), "");
}

// After the driver starts anew a lost GPU has no number, and those behind it have others.
TEST_F(DeviceMonitor_Test, GivenAGpuThatHasVanishedThenTheOthersKeepTheirNames) {
  Make();
  LookAt("gpu uuid=GPU-11 name=Fake_B total_mib=10000 used_mib=77\n");
  EXPECT_EQ(Reason("cuda:0"), "DEVICE_LOST");
  EXPECT_EQ(monitor_->Find("cuda:1")->memory_used, 77 * kMiB);
  EXPECT_EQ(TakeEvents().size(), 1u);
}

TEST_F(DeviceMonitor_Test, GivenADriverThatGoesThenAllGpusAreLostUntilItStartsAnew) {
  Make();
  LookAt(absl::StrCat(kGpus, "fails count=999 init=9\n"));
  EXPECT_EQ(Reason("cuda:0"), "DEVICE_LOST");
  EXPECT_EQ(Reason("cuda:1"), "DEVICE_LOST");
  EXPECT_EQ(Reason("cpu"), "");
  LookAt(absl::StrCat(kGpus, "fails count=999 init=9\n"), 30);
  EXPECT_EQ(TakeEvents().size(), 2u);
  LookAt(kGpus, 30);
  EXPECT_EQ(Reason("cuda:0"), "");
  EXPECT_EQ(TakeEvents().size(), 2u);
}

TEST_F(DeviceMonitor_Test, GivenMemoryThatIsNotReturnedThenAnEventAfterTenSeconds) {
  const std::string full = absl::StrCat(kGpus, "process gpu=0 pid=7 memory_mib=6000\n");
  box_.Become(full);
  Make();
  monitor_->WatchReturn("cuda:0", kWorker, 500 * kMiB);
  LookAt(full, 9);
  EXPECT_TRUE(TakeEvents().empty());
  LookAt(full, 1);
  const std::vector<DeviceEvent> events = TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kMemoryKept);
  EXPECT_EQ(events[0].device, "cuda:0");
  EXPECT_EQ(events[0].pid, kWorker);
  LookAt(full, 20);
  EXPECT_TRUE(TakeEvents().empty());
  EXPECT_NE(monitor_->Find("cuda:0")->memory_kept, "");
  EXPECT_EQ(monitor_->Find("cuda:1")->memory_kept, "");
  EXPECT_EQ(monitor_->Warnings().size(), 1u);
  LookAt(full, 3600);
  EXPECT_EQ(monitor_->Find("cuda:0")->memory_kept, "");
}

TEST_F(DeviceMonitor_Test, GivenMemoryThatIsReturnedThenSaidSo) {
  box_.Become(absl::StrCat(kGpus, "process gpu=0 pid=7 memory_mib=6000\n"));
  Make();
  monitor_->WatchReturn("cuda:0", kWorker, 500 * kMiB);
  LookAt(absl::StrCat(kGpus, "process gpu=0 pid=7 memory_mib=600\n"));
  const std::vector<DeviceEvent> events = TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kMemoryReturned);
}

TEST_F(DeviceMonitor_Test, BeforeAStartTheDeviceIsLookedAtUnlessItJustWas) {
  Make();
  box_.Become(absl::StrCat(kGpus, "process gpu=0 pid=4242 memory_mib=700\n"));
  EXPECT_TRUE(monitor_->AvailabilityNow("cuda:0").status.ok());
  clock_.Advance(1);
  EXPECT_EQ(ErrorReason(monitor_->AvailabilityNow("cuda:0").status), "DEVICE_BUSY_OUTSIDE");
}

TEST_F(DeviceMonitor_Test, BindingIsHeldAgainstTheUuidOfTheDevice) {
  Make();
  EXPECT_TRUE(monitor_->CheckBinding("cuda:1", "GPU-11").ok());
  EXPECT_EQ(ErrorReason(monitor_->CheckBinding("cuda:1", "GPU-00")), "DEVICE_MISMATCH");
  EXPECT_TRUE(monitor_->CheckBinding("cpu", "").ok());
  EXPECT_TRUE(monitor_->CheckBinding("cuda:5", "GPU-00").ok());
}

// A watch wakes the thread, whatever its interval.
TEST_F(DeviceMonitor_Test, GivenAThreadThenAWatchIsAnsweredAtOnce) {
  std::mutex mutex;
  std::condition_variable changed;
  bool answered = false;
  MonitorOptions options = Options();
  options.interval = absl::Hours(1);
  DeviceMonitor monitor(options);
  monitor.SetListener([&](const DeviceEvent& event) {
    EXPECT_EQ(event.kind, Kind::kMemoryReturned);
    EXPECT_FALSE(monitor.DebugString().empty());
    const std::lock_guard<std::mutex> lock(mutex);
    answered = true;
    changed.notify_all();
  });
  monitor.Start();
  monitor.WatchReturn("cuda:0", kWorker, 0);
  std::unique_lock<std::mutex> lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(60), [&] { return answered; }));
  lock.unlock();
  monitor.Stop();
}

}  // namespace
}  // namespace sumscope::devices

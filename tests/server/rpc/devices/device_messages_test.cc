#include "server/rpc/devices/device_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace sumscope::rpc {
namespace {

devices::DeviceState Gpu() {
  devices::DeviceState gpu;
  gpu.name = "cuda:0";
  gpu.uuid = "GPU-1";
  gpu.model = "NVIDIA H200";
  gpu.memory_total = uint64_t{140} << 30;
  gpu.memory_used = uint64_t{2} << 30;
  gpu.utilisation = 40;
  gpu.temperature = 55;
  return gpu;
}

TEST(DeviceMessage_Test, NobodyElseIsThereThenNothingIsWarnedOf) {
  const v1::Device device = DeviceMessage(Gpu(), 512);
  EXPECT_EQ(device.name(), "cuda:0");
  EXPECT_EQ(device.memory_used_bytes(), uint64_t{2} << 30);
  EXPECT_EQ(device.utilization_percent(), 40u);
  EXPECT_EQ(device.temperature_celsius(), 55u);
  EXPECT_EQ(device.warnings_size(), 0);
}

TEST(DeviceMessage_Test, OthersHoldMuchMemoryThenTheyAreNamedAndWarnedOf) {
  devices::DeviceState gpu = Gpu();
  gpu.foreign = {{4242, "carl", 700}};
  const v1::Device device = DeviceMessage(gpu, 512);
  ASSERT_EQ(device.foreign_size(), 1);
  EXPECT_EQ(device.foreign(0).pid(), 4242);
  EXPECT_EQ(device.foreign(0).user(), "carl");
  EXPECT_EQ(device.foreign(0).memory_bytes(), uint64_t{700} << 20);
  ASSERT_EQ(device.warnings_size(), 1);
  EXPECT_THAT(device.warnings(0), testing::HasSubstr("carl"));
  EXPECT_EQ(DeviceMessage(gpu, 1000).warnings_size(), 0) << "a display holds some";
}

TEST(DeviceMessage_Test, DeviceIsLostThenItSaysWhy) {
  devices::DeviceState gpu = Gpu();
  gpu.lost = true;
  gpu.lost_reason = "fell off the bus";
  const v1::Device device = DeviceMessage(gpu, 512);
  EXPECT_TRUE(device.lost());
  ASSERT_EQ(device.warnings_size(), 1);
  EXPECT_THAT(device.warnings(0), testing::HasSubstr("fell off the bus"));
}

TEST(DeviceMessages_Test, SlotsAndRatesComeToTheirDevice) {
  v1::Slot gpu, quick, cpu;
  gpu.set_name("gpu0");
  gpu.set_device("cuda:0");
  quick.set_name("quick-cuda0");
  quick.set_device("cuda:0");
  quick.set_quick(true);
  cpu.set_name("cpu0");
  cpu.set_device("cpu");
  cpu.set_threads(2);
  storage::Rate train{"cuda:0", 1, "train", "n = 5", 0.004, 0.005, 3, absl::UnixEpoch()};
  storage::Rate ask{"cpu", 2, "evaluate", "n = 5", 0.5, 0.5, 1, absl::UnixEpoch()};
  storage::Rate gone{"cuda:7", 1, "train", "n = 5", 0.004, 0.005, 3, absl::UnixEpoch()};
  storage::Rate broken{"cpu", 2, "evaluate", "n = 5", 0, 0.5, 1, absl::UnixEpoch()};
  const std::vector<v1::Device> devices = DeviceMessages({Gpu()}, {gpu, quick, cpu}, {train, ask, gone, broken}, 512);
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0].slots_size(), 2);
  EXPECT_TRUE(devices[0].slots(1).quick());
  ASSERT_EQ(devices[0].rates_size(), 1);
  EXPECT_DOUBLE_EQ(devices[0].rates(0).units_per_second(), 250);
  EXPECT_EQ(devices[0].rates(0).unit(), "steps");
  EXPECT_EQ(devices[1].name(), "cpu") << "nobody looked at it, a slot names it";
  ASSERT_EQ(devices[1].rates_size(), 1);
  EXPECT_EQ(devices[1].rates(0).unit(), "questions");
}

TEST(DeviceMessages_Test, SlotsMeasuredThreadsThenTheBestOfEachCountIsShownInOrder) {
  const auto slot = [](std::vector<std::pair<uint32_t, double>> gains) {
    v1::Slot slot;
    slot.set_device("cpu");
    for (const auto& [threads, times] : gains) {
      v1::ThreadGain* const gain = slot.mutable_rates()->add_thread_gains();
      gain->set_threads(threads);
      gain->set_times(times);
    }
    return slot;
  };
  const auto devices = DeviceMessages({}, {slot({{4, 2.5}, {2, 0.5}}), slot({{2, 1.75}, {8, 3}}), slot({})}, {}, 512);
  ASSERT_EQ(devices.size(), 1u);
  std::vector<std::pair<uint32_t, double>> shown;
  for (const v1::ThreadGain& gain : devices[0].thread_gains()) shown.emplace_back(gain.threads(), gain.times());
  EXPECT_THAT(shown, testing::ElementsAre(testing::Pair(2, 1.75), testing::Pair(4, 2.5), testing::Pair(8, 3)));
}

}  // namespace
}  // namespace sumscope::rpc

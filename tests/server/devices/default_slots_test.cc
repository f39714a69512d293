#include "server/devices/default_slots.h"

#include <gtest/gtest.h>

#include <utility>

namespace sumscope::devices {
namespace {

TEST(ChooseSlots_Test, OneSlotOfOneThreadPerCoreAsFarAsMemoryAndTheMaximumGo) {
  const auto choice = [](uint32_t cores, uint64_t gib) {
    const SlotChoice chosen = ChooseSlots({cores, gib << 30}, {});
    EXPECT_FALSE(chosen.reason.empty());
    return std::make_pair(chosen.slots.size(), chosen.slots.front().threads);
  };
  using Slots = std::pair<size_t, uint32_t>;
  EXPECT_EQ(choice(1, 1), Slots(1, 1));
  EXPECT_EQ(choice(2, 24), Slots(2, 1));
  EXPECT_EQ(choice(8, 64), Slots(8, 1));
  // What is left of the cores becomes threads, the same for every slot.
  EXPECT_EQ(choice(16, 64), Slots(8, 2));
  EXPECT_EQ(choice(12, 64), Slots(6, 2));
  EXPECT_EQ(choice(9, 64), Slots(8, 1));
  EXPECT_EQ(choice(64, 512), Slots(8, 8));
  // Memory for three.
  EXPECT_EQ(choice(8, 7), Slots(2, 4));
  EXPECT_EQ(choice(3, 7), Slots(3, 1));
  EXPECT_EQ(choice(8, 2), Slots(1, 8));
}

TEST(ChooseSlots_Test, GivenGpusThenSlotsOfEachThatShareTheCores) {
  const SlotChoice choice = ChooseSlots({6, uint64_t{64} << 30}, {{"cuda:0", "A", ""}, {"cuda:2", "B", ""}});
  ASSERT_EQ(choice.slots.size(), 2u);
  EXPECT_EQ(choice.slots[0].name, "gpu0");
  EXPECT_EQ(choice.slots[0].device, "cuda:0");
  EXPECT_EQ(choice.slots[1].name, "gpu2");
  EXPECT_EQ(choice.slots[1].device, "cuda:2");
  EXPECT_EQ(choice.slots[1].threads, 3u);
  EXPECT_NE(choice.reason, "");
  const SlotChoice shared = ChooseSlots({6, uint64_t{64} << 30}, {{"cuda:0", "A", ""}}, 3);
  ASSERT_EQ(shared.slots.size(), 3u);
  EXPECT_EQ(shared.slots[2].name, "gpu0-2");
  EXPECT_EQ(shared.slots[2].device, "cuda:0");
  EXPECT_EQ(shared.slots[2].threads, 2u);
  EXPECT_EQ(ChooseSlots({64, uint64_t{64} << 30}, {{"cuda:0", "A", ""}}).slots[0].threads, 4u);
  EXPECT_EQ(ChooseSlots({1, uint64_t{64} << 30}, {{"cuda:0", "A", ""}, {"cuda:1", "A", ""}}).slots[0].threads, 1u);
}

TEST(VisibleGpus_Test, GivenNumbersAndUuidsThenThoseInTheirOrderUpToTheFirstThatIsNone) {
  const std::vector<FoundGpu> gpus = {{"cuda:0", "A", "GPU-aa"}, {"cuda:1", "B", "GPU-bb"}, {"cuda:2", "C", "GPU-cc"}};
  const auto names = [&](const char* visible) {
    std::string joined;
    for (const FoundGpu& gpu : VisibleGpus(gpus, visible)) joined += gpu.model;
    return joined;
  };
  EXPECT_EQ(names(nullptr), "ABC");
  EXPECT_EQ(names(""), "");
  EXPECT_EQ(names("2,0"), "CA");
  EXPECT_EQ(names("GPU-b, 0"), "BA");
  EXPECT_EQ(names("1,7,0"), "B");
  EXPECT_EQ(names("-1"), "");
  EXPECT_EQ(names("GPU-"), "");
}

}  // namespace
}  // namespace sumscope::devices

#include "server/devices/nvml/nvml.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "server/devices/default_slots.h"
#include "tests/support/fake_nvml/fake_box.h"

namespace sumscope::devices {
namespace {

constexpr char kTwoGpus[] =
    "gpu uuid=GPU-00 name=Fake_A total_mib=1000 used_mib=300 utilisation=7 temperature=50\n"
    "gpu uuid=GPU-11 name=Fake_B\n";

class Nvml_Test : public ::testing::Test {
 protected:
  const FakeBox box_;
};

TEST_F(Nvml_Test, GivenNoLibraryOrOneOfSomethingElseThenMissing) {
  EXPECT_EQ(ErrorReason(Nvml::Open("/none/libnvidia-ml.so.1").status()), "NVML_MISSING");
  EXPECT_EQ(ErrorReason(Nvml::Open("libc.so.6").status()), "NVML_MISSING");
  EXPECT_TRUE(FindGpus("/none/libnvidia-ml.so.1").empty());
}

TEST_F(Nvml_Test, GivenADriverThatDoesNotStartThenFailed) {
  box_.Become("fails init=9\n");
  EXPECT_EQ(ErrorReason(Nvml::Open(box_.library()).status()), "NVML_FAILED");
}

TEST_F(Nvml_Test, GivenGpusThenAllIsReadAndWhatOneLacksIsNoError) {
  box_.Become(absl::StrCat(kTwoGpus,
                           "process gpu=0 pid=9 memory_mib=5\nprocess gpu=0 pid=3 memory_mib=7 kind=graphics\n",
                           "process gpu=0 pid=9 memory_mib=5 kind=graphics\nprocess gpu=0 pid=4 memory_mib=?\n"));
  const auto nvml = Nvml::Open(box_.library());
  ASSERT_TRUE(nvml.ok()) << nvml.status();
  EXPECT_EQ(*(*nvml)->Count(), 2u);
  const auto first = (*nvml)->Read(0), second = (*nvml)->Read(1);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->uuid, "GPU-00");
  EXPECT_EQ(first->model, "Fake_A");
  EXPECT_EQ(first->memory_total, uint64_t{1000} << 20);
  EXPECT_EQ(first->memory_used, uint64_t{300} << 20);
  EXPECT_EQ(first->utilisation, 7u);
  EXPECT_EQ(first->temperature, 50u);
  ASSERT_EQ(first->processes.size(), 3u);
  EXPECT_EQ(first->processes[0].pid, 3);
  EXPECT_EQ(first->processes[0].memory_bytes, uint64_t{7} << 20);
  EXPECT_EQ(first->processes[1].memory_bytes, std::nullopt);
  EXPECT_EQ(first->processes[2].memory_bytes, uint64_t{5} << 20);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->temperature, std::nullopt);
  EXPECT_TRUE(second->processes.empty());
  EXPECT_FALSE((*nvml)->Read(2).ok());
}

TEST_F(Nvml_Test, GivenALongListOfProcessesThenAllAreRead) {
  std::string lines = kTwoGpus;
  for (int pid = 1; pid <= 1000; ++pid) absl::StrAppend(&lines, "process gpu=1 pid=", pid, " memory_mib=1\n");
  box_.Become(lines);
  const auto nvml = Nvml::Open(box_.library());
  EXPECT_EQ((*nvml)->Read(1)->processes.size(), 1000u);
  for (int pid = 1001; pid <= 5000; ++pid) absl::StrAppend(&lines, "process gpu=1 pid=", pid, " memory_mib=1\n");
  box_.Become(lines);
  EXPECT_EQ(ErrorReason((*nvml)->Read(1).status()), "NVML_FAILED");
}

TEST_F(Nvml_Test, GivenAGpuThatFellOffTheBusThenLostAndTheOtherAnswers) {
  box_.Become("gpu uuid=GPU-00 lost=1\ngpu uuid=GPU-11 name=B\n");
  const auto nvml = Nvml::Open(box_.library());
  EXPECT_EQ(ErrorReason((*nvml)->Read(0).status()), "GPU_LOST");
  EXPECT_TRUE((*nvml)->Read(1).ok());
  const std::vector<FoundGpu> found = FindGpus(box_.library());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, "cuda:1");
  EXPECT_EQ(found[0].model, "B");
}

}  // namespace
}  // namespace sumscope::devices

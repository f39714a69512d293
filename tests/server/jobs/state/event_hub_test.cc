#include "server/jobs/state/event_hub.h"

#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "proto/contract/limits.h"

namespace sumscope::jobs {
namespace {

using std::chrono::milliseconds;

TEST(EventHub_Test, ChangeSinceTheLookReturnsAtOnce) {
  EventHub hub;
  const uint64_t seen = hub.Version("r1");
  hub.Notify("r1");
  EXPECT_TRUE(hub.WaitForChange("r1", seen, milliseconds(20'000)));
}

TEST(EventHub_Test, ChangeOfAnotherRunDoesNotWake) {
  EventHub hub;
  const uint64_t seen = hub.Version("r1");
  hub.Notify("r2");
  EXPECT_FALSE(hub.WaitForChange("r1", seen, milliseconds(1)));
}

// The hub kept a counter of every run that ever changed.
TEST(EventHub_Test, ManyRunsChangeThenTheOldestShareOneCounterAndNoChangeIsMissed) {
  EventHub hub;
  hub.Notify("quiet");
  const uint64_t quiet = hub.Version("quiet"), absent = hub.Version("absent");
  for (size_t i = 0; i < limits::kMaxRecentRuns; ++i) hub.Notify("r" + std::to_string(i));
  EXPECT_EQ(hub.Version("quiet"), quiet);
  EXPECT_EQ(hub.Version("quiet"), hub.Version("absent")) << "it has no counter of its own any more";
  EXPECT_TRUE(hub.WaitForChange("absent", absent, milliseconds(20'000))) << "woken for nothing";
  const uint64_t seen = hub.Version("absent");
  hub.Notify("absent");
  for (size_t i = 0; i < limits::kMaxRecentRuns; ++i) hub.Notify("s" + std::to_string(i));
  EXPECT_TRUE(hub.WaitForChange("absent", seen, milliseconds(20'000)));
  EXPECT_NE(hub.Version("quiet"), quiet);
}

TEST(EventHub_Test, WaiterIsWokenByAnotherThread) {
  EventHub hub;
  const uint64_t seen = hub.Version("r1");
  std::thread writer([&] { hub.Notify("r1"); });
  EXPECT_TRUE(hub.WaitForChange("r1", seen, milliseconds(20'000)));
  writer.join();
}

TEST(EventHub_Test, CloseEndsEveryWait) {
  EventHub hub;
  std::thread closer([&] { hub.Close(); });
  EXPECT_FALSE(hub.WaitForChange("r1", hub.Version("r1"), milliseconds(20'000)));
  closer.join();
  EXPECT_TRUE(hub.closed());
}

TEST(EventHub_Test, ProgressIsKeptUntilCleared) {
  EventHub hub;
  v1::Progress progress;
  EXPECT_FALSE(hub.GetProgress("r1", &progress));
  progress.set_step(7);
  const uint64_t seen = hub.Version("r1");
  hub.SetProgress("r1", progress);
  EXPECT_NE(hub.Version("r1"), seen);
  v1::Progress read;
  ASSERT_TRUE(hub.GetProgress("r1", &read));
  EXPECT_EQ(read.step(), 7u);
  hub.ClearProgress("r1");
  EXPECT_FALSE(hub.GetProgress("r1", &read));
}

TEST(EventHub_Test, AnalysisProgressIsKeptUntilCleared) {
  EventHub hub;
  hub.SetAnalysisProgress("r1", "runs/r1/analyses/a1", 0.5);
  EXPECT_EQ(hub.AnalysisProgress("runs/r1/analyses/a1"), 0.5);
  hub.ClearAnalysisProgress("runs/r1/analyses/a1");
  EXPECT_EQ(hub.AnalysisProgress("runs/r1/analyses/a1"), 0);
}

}  // namespace
}  // namespace sumscope::jobs

#include "server/host/look_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace sumscope::host {
namespace {

TEST(LookThread_Test, LooksAgainAndAgainAndNotOnceItIsGone) {
  Mutex mutex;
  CondVar changed;
  int looks = 0;
  {
    const LookThread thread(absl::Milliseconds(1), [&] {
      MutexLock lock(&mutex);
      ++looks;
      changed.NotifyAll();
    });
    MutexLock lock(&mutex);
    while (looks < 3) ASSERT_TRUE(changed.WaitFor(&mutex, std::chrono::milliseconds(20'000)));
  }
  const int at_end = looks;
  std::this_thread::yield();
  EXPECT_EQ(looks, at_end);
}

TEST(LookThread_Test, EndsAtOnceBetweenTwoLooks) {
  std::atomic<int> looks{0};
  {
    const LookThread thread(absl::Hours(10), [&looks] { ++looks; });
  }
  EXPECT_EQ(looks, 0);
}

}  // namespace
}  // namespace sumscope::host

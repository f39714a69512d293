// Downloads read a few at a time: fifty readers that began together held two copies of a chunk each.
#include "server/rpc/serve/transfer/read_turns.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {
namespace {

constexpr std::chrono::milliseconds kLong{60'000};

absl::StatusOr<std::string> Nothing() { return ""; }
bool Stays() { return false; }

TEST(ReadTurns_Test, WhenManyReadThenSoManyAtOnceAndAllOfThem) {
  ReadTurns turns(2, kLong);
  Mutex mutex;
  int reading = 0, most = 0, done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const auto read = turns.Read(Stays, [&]() -> absl::StatusOr<std::string> {
        {
          MutexLock lock(&mutex);
          most = std::max(most, ++reading);
        }
        std::this_thread::yield();
        MutexLock lock(&mutex);
        --reading;
        ++done;
        return "bytes";
      });
      EXPECT_EQ(read.value_or(""), "bytes");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
  EXPECT_EQ(done, 16);
}

TEST(ReadTurns_Test, WhenATurnDoesNotComeThenTheReaderHearsSoAndTheNextReads) {
  ReadTurns turns(1, std::chrono::milliseconds(1));
  absl::Notification reads, may_end;
  std::thread slow([&] {
    const auto read = turns.Read(Stays, [&]() -> absl::StatusOr<std::string> {
      reads.Notify();
      may_end.WaitForNotification();
      return "";
    });
    EXPECT_TRUE(read.ok());
  });
  reads.WaitForNotification();
  const absl::Status refused = turns.Read(Stays, Nothing).status();
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_EQ(ErrorReason(refused), "STORAGE_BUSY");
  may_end.Notify();
  slow.join();
  EXPECT_TRUE(turns.Read(Stays, Nothing).ok());
}

TEST(ReadTurns_Test, WhenItsClientIsGoneThenNothingIsReadForIt) {
  ReadTurns turns(1, kLong);
  const auto gone = [] { return true; };
  const absl::Status without_a_turn = turns
                                          .Read(Stays,
                                                [&]() -> absl::StatusOr<std::string> {
                                                  const auto waited = turns.Read(gone, Nothing);
                                                  EXPECT_TRUE(absl::IsCancelled(waited.status()));
                                                  return "";
                                                })
                                          .status();
  EXPECT_TRUE(without_a_turn.ok());
  EXPECT_TRUE(absl::IsCancelled(turns.Read(gone, Nothing).status()));
  EXPECT_TRUE(turns.Read(Stays, Nothing).ok());
}

TEST(ReadTurns_Test, WhenAReadFailsThenItsTurnEnds) {
  ReadTurns turns(1, kLong);
  const auto fails = []() -> absl::StatusOr<std::string> { return absl::DataLossError("damaged"); };
  EXPECT_TRUE(absl::IsDataLoss(turns.Read(Stays, fails).status()));
  EXPECT_TRUE(turns.Read(Stays, Nothing).ok());
}

}  // namespace
}  // namespace sumscope::rpc

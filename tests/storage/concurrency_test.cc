#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

class Concurrency_Test : public BackendTest {};
SUMSCOPE_ON_EVERY_BACKEND(Concurrency_Test);

TEST_P(Concurrency_Test, ReadersSeeWholeTransactionsBesideOneWriter) {
  const auto file = *files().Create(MakeRun("r1"));
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      uint64_t last = 0;
      while (!done) {
        const auto rows = file->ReadMetrics(Series::kDeterministic, 0, 100'000);
        ASSERT_TRUE(rows.ok()) << rows.status();
        EXPECT_EQ(rows->count() % 10, 0u) << "half a transaction";
        EXPECT_GE(rows->count(), last);
        last = rows->count();
        (void)catalog().Read([](CatalogReader& reader) {
          EXPECT_TRUE(reader.jobs().ListUnfinished(Viewer::Server()).ok());
          return absl::OkStatus();
        });
      }
    });
  }
  Write([](CatalogTransaction& transaction) { return transaction.runs().Insert(MakeRun("r1")); });
  for (uint64_t step = 0; step < 300; step += 10) {
    const absl::Status status = file->Write([&](RunFileTransaction& transaction) -> absl::Status {
      for (uint64_t half = 0; half < 10; half += 5) {
        v1::MetricBlock block;
        block.set_first_step(step + half);
        block.set_count(5);
        block.add_columns("loss");
        for (int i = 0; i < 5; ++i) block.add_values(1);
        std::optional<uint64_t> diverged;
        if (auto status = transaction.AppendMetrics(Series::kDeterministic, block, &diverged); !status.ok())
          return status;
      }
      return absl::OkStatus();
    });
    ASSERT_TRUE(status.ok()) << status;
    Job job = MakeJob("j" + std::to_string(step), "r1");
    Write([&](CatalogTransaction& transaction) { return transaction.jobs().Insert(&job); });
    if (step == 150) {
      EXPECT_TRUE(file->Seal().ok()) << "sealing waits for readers";
    }
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(*file->MetricSteps(Series::kDeterministic), 300u);
}

// With one run file locked by another program, every other run waited for its patience to end.
TEST_P(Concurrency_Test, FileOfOneRunIsLockedThenThoseOfOthersAreOpenedMadeAndRemoved) {
  if (GetParam() == Backend::kMemory) GTEST_SKIP() << "nobody else can lock what is in memory";
  for (const char* id : {"r1", "r2", "r3"}) ASSERT_TRUE((*files().Create(MakeRun(id)))->Seal().ok());
  Reopen();
  SQLite::Database other(directory() + "/runs/r1/r1.db", SQLite::OPEN_READWRITE);
  other.exec("BEGIN EXCLUSIVE");
  std::promise<void> asked;
  auto slow = std::async(std::launch::async, [&] {
    asked.set_value();
    return files().Open("r1").status();
  });
  asked.get_future().wait();
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(files().Open("r2").ok());
    EXPECT_TRUE(files().Create(MakeRun("s" + std::to_string(i))).ok());
    EXPECT_FALSE(files().Exists("none"));
  }
  EXPECT_TRUE(files().Remove("r3").ok());
  other.exec("COMMIT");
  EXPECT_TRUE(slow.get().ok()) << "the lock was gone before its patience: nobody had waited for it";
}

// Those who wanted a locked file waited one after the other, each for as long as SQLite does.
TEST_P(Concurrency_Test, FileIsLockedThenAllWhoWaitedForItAreRefusedTogether) {
  if (GetParam() == Backend::kMemory) GTEST_SKIP() << "nobody else can lock what is in memory";
  ASSERT_TRUE((*files().Create(MakeRun("r1")))->Seal().ok());
  Reopen();
  SQLite::Database other(directory() + "/runs/r1/r1.db", SQLite::OPEN_READWRITE);
  other.exec("BEGIN EXCLUSIVE");
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::future<absl::Status>> opens;
  for (int i = 0; i < 4; ++i) {
    opens.push_back(std::async(std::launch::async, [&] { return files().Open("r1").status(); }));
  }
  for (std::future<absl::Status>& open : opens) EXPECT_TRUE(absl::IsUnavailable(open.get()));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(12)) << "SQLite waits 5 s, once or twice";
  other.exec("COMMIT");
  EXPECT_TRUE(files().Open("r1").ok());
}

}  // namespace
}  // namespace sumscope::storage

// What a sweep of 1,000 runs costs the catalog. The bounds are several times what it takes on an idle machine.
#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/contract/names/resource_names.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

constexpr int kRuns = 1000;
constexpr int kOrders = 2;  // of each

absl::Status InsertMember(CatalogTransaction& transaction, int number) {
  const std::string id = absl::StrCat("r", number);
  v1::Run run = MakeRun(id);
  run.set_sweep(SweepName("s1"));
  run.set_steps_done(number % 2 == 0 ? 5 : 0);
  EXPECT_TRUE(transaction.runs().Insert(run).ok());
  const auto queue = [&](const std::string& analysis) {
    Job job = MakeJob(absl::StrCat("j", number, "x", analysis), id);
    job.analysis = analysis;
    job.sweep = "s1";
    if (!analysis.empty()) job.dependencies = {id};
    EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
    Event event;
    event.run = id;
    event.change.set_state(v1::QUEUED);
    EXPECT_TRUE(transaction.events().Append(&event).ok());
    return job.id;
  };
  queue("");
  for (int order = 0; order < kOrders; ++order) {
    const v1::Analysis analysis = MakeAnalysis(id, absl::StrCat("a", order), absl::StrCat("key", order));
    EXPECT_TRUE(transaction.analyses().Put(analysis).ok());
    EXPECT_TRUE(transaction.jobs().PutOrder(queue(absl::StrCat("a", order)), analysis).ok());
  }
  return absl::OkStatus();
}

class LargeSweep_Test : public BackendTest {
 protected:
  absl::Duration Timed(const std::string& what, const std::function<void()>& body) {
    const absl::Time begin = absl::Now();
    body();
    const absl::Duration took = absl::Now() - begin;
    std::cout << what << ": " << took << "\n";
    return took;
  }
};
SUMSCOPE_ON_EVERY_BACKEND(LargeSweep_Test);

TEST_P(LargeSweep_Test, OfAThousandRunsThenItIsMadeCountedAndListedSoon) {
  const absl::Duration made = Timed("made", [&] {
    Write([](CatalogTransaction& transaction) -> absl::Status {
      for (int i = 0; i < kRuns; ++i) EXPECT_TRUE(InsertMember(transaction, i).ok());
      return absl::OkStatus();
    });
  });
  EXPECT_LT(made, absl::Seconds(5));
  const absl::Status status = catalog().Read([&](CatalogReader& reader) {
    EXPECT_LT(Timed("counted",
                    [&] {
                      const SweepTally tally = ValueOf(reader.sweeps().Tally("s1"));
                      EXPECT_EQ(tally.runs.at(v1::QUEUED), kRuns);
                      EXPECT_EQ(tally.analyses.at(v1::QUEUED), kRuns * kOrders);
                    }),
              absl::Milliseconds(200));
    EXPECT_LT(Timed("listed",
                    [&] {
                      const auto jobs = ValueOf(reader.jobs().ListUnfinished(Viewer::User("bob")));
                      EXPECT_EQ(jobs.size(), kRuns * (1u + kOrders));
                      EXPECT_EQ(jobs.back().dependencies.size(), 1u);
                    }),
              absl::Milliseconds(500));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace sumscope::storage

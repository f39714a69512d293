// What a queue goes by in catalogs that servers of each past schema left (make.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "storage/sqlite/base/schema.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/storage/any_transition.h"
#include "tests/support/temp_directory.h"

namespace sumscope::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PastQueue_Test : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    std::filesystem::copy_file(
        absl::StrCat(SUMSCOPE_SOURCE_DIR, "/tests/storage/past_schemas/catalog_", GetParam(), ".db"),
        folder_.path() + "/catalog.db");
    storage_ = *OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real());
  }
  void Read(const std::function<void(CatalogReader&)>& body) {
    const absl::Status status =
        storage_.catalog->Read([&](CatalogReader& reader) { return body(reader), absl::OkStatus(); });
    EXPECT_TRUE(status.ok()) << status;
  }
  static bool HasQueue() { return GetParam() >= 8; }
  static bool HasPartialResults() { return GetParam() >= 9; }

  const TempDirectory folder_;
  Storage storage_;
};

TEST_P(PastQueue_Test, OpenedThenJobsHaveTheirOwnersAndAPlanCanWeighThem) {
  Read([](CatalogReader& reader) {
    const auto jobs = reader.jobs().ListUnfinished(Viewer::Server());
    ASSERT_TRUE(jobs.ok()) << jobs.status();
    ASSERT_FALSE(jobs->empty());
    for (const Job& job : *jobs) {
      const bool lost = HasQueue() && job.run == "lost";
      EXPECT_EQ(job.owner, "ada") << job.id;
      EXPECT_EQ(job.priority, lost ? v1::LOW : v1::NORMAL);
      EXPECT_EQ(job.held_by, lost ? "bob" : "");
      EXPECT_EQ(job.sweep, lost ? "swept" : "");
      EXPECT_EQ(job.device_seconds, lost ? 2.5 : 0);
      EXPECT_EQ(absl::StrJoin(job.dependencies, " "), HasQueue() && job.analysis == "waits" ? "running" : "");
    }
    const auto dependents = reader.jobs().ListDependents("running");
    EXPECT_EQ(dependents->size(), HasQueue() ? 1u : 0u);
    if (HasQueue()) {
      EXPECT_TRUE(reader.jobs().GetOrder(dependents->front().id)->request().has_evaluate());
      const auto partial = *reader.jobs().GetPartialResult(dependents->front().id);
      EXPECT_EQ(partial.has_value() ? partial->state : "", HasPartialResults() ? std::string("counted\0", 8) : "");
    }
    // The clock of that time said nothing of when a job should end.
    EXPECT_EQ(reader.jobs().EstimateRatios(10)->empty(), !HasQueue());
  });
}

TEST_P(PastQueue_Test, OpenedThenSweepsUsageAndRatesAreServed) {
  Read([](CatalogReader& reader) {
    if (!HasQueue()) {
      EXPECT_EQ(ErrorReason(reader.sweeps().Get(Viewer::Server(), "swept").status()), "SWEEP_NOT_FOUND");
      EXPECT_THAT(*reader.usage().List(), IsEmpty());
      EXPECT_THAT(*reader.rates().List(), IsEmpty());
      return;
    }
    const auto sweep = reader.sweeps().Get(Viewer::User("bob"), "swept");
    ASSERT_TRUE(sweep.ok()) << sweep.status();
    EXPECT_EQ(sweep->fields(0).values(0), "1");
    EXPECT_THAT(*reader.sweeps().Members("swept"), ElementsAre("lost"));
    EXPECT_EQ(reader.sweeps().Tally(Viewer::Server(), "swept")->runs.at(v1::QUEUED), 1u);
    EXPECT_EQ(reader.usage().List()->front().device_seconds, 12.5);
    EXPECT_EQ(reader.rates().List()->front().shape, "n = 2");
  });
}

INSTANTIATE_TEST_SUITE_P(Catalog, PastQueue_Test, testing::Range(1, CatalogSchema().version() + 1));

}  // namespace
}  // namespace sumscope::storage

// What a plan goes by: jobs with all that they carry, the runs that they wait for, and orders.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/names/resource_names.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Job FullJob(const std::string& id, const std::string& run) {
  Job job = MakeJob(id, run);
  job.owner = "bob";
  job.priority = v1::HIGH;
  job.quick = true;
  job.held_by = "eve";
  job.dependencies = {"r2", "r1"};
  job.sweep = "s1";
  job.memory_bytes = uint64_t{5} << 30;
  job.expected_seconds = 12.5;
  job.device_seconds = 0.25;
  job.charged_until = absl::FromUnixSeconds(10);
  job.expected_end_time = absl::FromUnixSeconds(20);
  return job;
}

void ExpectSame(const Job& job, const Job& expected) {
  EXPECT_EQ(job.owner, expected.owner);
  EXPECT_EQ(job.priority, expected.priority);
  EXPECT_EQ(job.quick, expected.quick);
  EXPECT_EQ(job.held_by, expected.held_by);
  EXPECT_THAT(job.dependencies, testing::UnorderedElementsAreArray(expected.dependencies));
  EXPECT_EQ(job.sweep, expected.sweep);
  EXPECT_EQ(job.memory_bytes, expected.memory_bytes);
  EXPECT_EQ(job.expected_seconds, expected.expected_seconds);
  EXPECT_EQ(job.device_seconds, expected.device_seconds);
  EXPECT_EQ(job.charged_until, expected.charged_until);
  EXPECT_EQ(job.expected_end_time, expected.expected_end_time);
}

class Queue_Test : public BackendTest {
 protected:
  Queue_Test() {
    Write([](CatalogTransaction& transaction) -> absl::Status {
      for (const char* id : {"r1", "r2", "r3"}) EXPECT_TRUE(transaction.runs().Insert(MakeRun(id)).ok());
      return absl::OkStatus();
    });
  }
  void Insert(std::vector<Job> jobs) {
    Write([&](CatalogTransaction& transaction) -> absl::Status {
      for (Job& job : jobs) EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
      return absl::OkStatus();
    });
  }
  void Update(const Job& job) {
    Write([&](CatalogTransaction& transaction) { return transaction.jobs().Update(job); });
  }
  void Read(const std::function<void(CatalogReader&)>& body) {
    const absl::Status status = catalog().Read([&](CatalogReader& reader) { return body(reader), absl::OkStatus(); });
    EXPECT_TRUE(status.ok()) << status;
  }
};
SUMSCOPE_ON_EVERY_BACKEND(Queue_Test);

TEST_P(Queue_Test, InsertedThenEveryReaderGivesAllOfIt) {
  const Job job = FullJob("j1", "r3");
  Insert({job, MakeJob("j2", "r3")});
  Reopen();
  Read([&](CatalogReader& reader) {
    ExpectSame(*reader.jobs().Get(Viewer::Server(), "j1"), job);
    EXPECT_THAT(reader.jobs().Get(Viewer::Server(), "j1")->dependencies, ElementsAre("r1", "r2")) << "in id order";
    const auto unfinished = ValueOf(reader.jobs().ListUnfinished(Viewer::Server()));
    ASSERT_EQ(unfinished.size(), 2u);
    ExpectSame(unfinished[0], job);
    ExpectSame(unfinished[1], MakeJob("j2", "r3"));
    ExpectSame(*reader.jobs().GetTraining(Viewer::Server(), "r3"), MakeJob("j2", "r3"));
  });
}

TEST_P(Queue_Test, UpdatedThenOwnerStaysAndAllElseChanges) {
  Insert({FullJob("j1", "r3")});
  Job job = MakeJob("j1", "r3");
  job.owner = "nobody";
  job.priority = v1::LOW;
  job.dependencies = {"r1"};
  job.expected_seconds = 3;
  Update(job);
  job.owner = "bob";
  Read([&](CatalogReader& reader) { ExpectSame(*reader.jobs().Get(Viewer::Server(), "j1"), job); });
  job.priority = v1::PRIORITY_UNSPECIFIED;
  job.dependencies.clear();
  Update(job);
  Read([&](CatalogReader& reader) {
    EXPECT_EQ(reader.jobs().Get(Viewer::Server(), "j1")->priority, v1::NORMAL);
    EXPECT_THAT(reader.jobs().Get(Viewer::Server(), "j1")->dependencies, IsEmpty());
    EXPECT_THAT(ValueOf(reader.jobs().ListDependents("r1")), IsEmpty());
  });
}

TEST_P(Queue_Test, DependencyTwiceThenItIsOne) {
  Job job = MakeJob("j1", "r3");
  job.dependencies = {"r1", "r1"};
  Insert({job});
  Read([&](CatalogReader& reader) {
    EXPECT_THAT(reader.jobs().Get(Viewer::Server(), "j1")->dependencies, ElementsAre("r1"));
  });
}

TEST_P(Queue_Test, DependentsThenThoseThatWaitInQueueOrder) {
  Job last = MakeJob("ja", "r3"), first = MakeJob("jb", "r2"), ended = MakeJob("jc", "r3"), other = MakeJob("jd", "r3");
  first.dependencies = {"r1"};
  last.dependencies = {"r1", "r2"};
  ended.dependencies = {"r1"};
  ended.state = v1::CANCELLED;
  other.dependencies = {"r2"};
  Insert({first, last, ended, other});
  Read([](CatalogReader& reader) {
    std::vector<std::string> jobs;
    for (const Job& job : ValueOf(reader.jobs().ListDependents("r1"))) {
      jobs.push_back(absl::StrCat(job.id, " ", job.dependencies.size()));
    }
    EXPECT_THAT(jobs, ElementsAre("jb 1", "ja 2"));
    EXPECT_THAT(ValueOf(reader.jobs().ListDependents("r3")), IsEmpty());
  });
}

// A run that became private after another's job had been told to wait for it.
TEST_P(Queue_Test, DependencyOnAnothersPrivateRunThenItIsNotNamed) {
  Write([](CatalogTransaction& transaction) {
    v1::Run run = MakeRun("hidden");
    run.set_visibility(v1::PRIVATE);
    return transaction.runs().Insert(run);
  });
  Job job = MakeJob("j1", "r1");
  job.dependencies = {"hidden", "r2"};
  Insert({job});
  Read([](CatalogReader& reader) {
    const Viewer bob = Viewer::User("bob"), ada = Viewer::User("ada");
    EXPECT_THAT(reader.jobs().Get(bob, "j1")->dependencies, ElementsAre("r2"));
    EXPECT_THAT(ValueOf(reader.jobs().ListUnfinished(bob))[0].dependencies, ElementsAre("r2"));
    EXPECT_THAT(ValueOf(reader.jobs().ListUnfinished(ada))[0].dependencies, ElementsAre("hidden", "r2"));
  });
}

TEST_P(Queue_Test, EstimateRatiosThenThoseOfTheLastThatSucceeded) {
  const absl::Time queued = absl::FromUnixSeconds(1000);
  std::vector<Job> jobs;
  const auto add = [&](v1::State state, absl::Duration took, std::optional<absl::Duration> expected) {
    Job job = MakeJob(absl::StrCat("j", jobs.size()), "r1");
    job.create_time = queued;
    job.state = state;
    job.end_time = queued + took;
    if (expected.has_value()) job.expected_end_time = queued + *expected;
    jobs.push_back(job);
  };
  add(v1::SUCCEEDED, absl::Seconds(10), absl::Seconds(10));
  add(v1::SUCCEEDED, absl::Seconds(5), absl::Seconds(10));
  add(v1::FAILED, absl::Seconds(1), absl::Seconds(10));
  add(v1::SUCCEEDED, absl::Seconds(1), std::nullopt);
  add(v1::SUCCEEDED, absl::Seconds(30), absl::Seconds(10));
  add(v1::SUCCEEDED, absl::Seconds(30), absl::ZeroDuration());
  Insert(jobs);
  Read([](CatalogReader& reader) {
    EXPECT_THAT(ValueOf(reader.jobs().EstimateRatios(10)), ElementsAre(3, 0.5, 1));
    EXPECT_THAT(ValueOf(reader.jobs().EstimateRatios(2)), ElementsAre(3, 0.5));
  });
}

TEST_P(Queue_Test, OrderThenItIsKeptUntilItIsRemoved) {
  Insert({MakeJob("j1", "r1")});
  const v1::Analysis order = MakeAnalysis("r1", "a1", "key");
  Write([&](CatalogTransaction& transaction) { return transaction.jobs().PutOrder("j1", order); });
  Reopen();
  Read([&](CatalogReader& reader) {
    const auto found = reader.jobs().GetOrder("j1");
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*found, order)) << found->DebugString();
    EXPECT_EQ(ErrorReason(reader.jobs().GetOrder("j2").status()), "ORDER_NOT_FOUND");
  });
  Write([&](CatalogTransaction& transaction) { return transaction.jobs().RemoveOrder("j1"); });
  Read(
      [&](CatalogReader& reader) { EXPECT_EQ(ErrorReason(reader.jobs().GetOrder("j1").status()), "ORDER_NOT_FOUND"); });
}

TEST_P(Queue_Test, RunRemovedThenItsJobsDependenciesAndOrdersGo) {
  Job job = MakeJob("j1", "r1");
  job.dependencies = {"r2"};
  Insert({job});
  Write([&](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.jobs().PutOrder("j1", MakeAnalysis("r1", "a1", "key")).ok());
    EXPECT_TRUE(transaction.jobs().PutPartialResult("j1", {"of this", 512, "bytes"}).ok());
    return transaction.runs().Remove("r1");
  });
  Read([&](CatalogReader& reader) {
    EXPECT_THAT(ValueOf(reader.jobs().ListDependents("r2")), IsEmpty());
    EXPECT_EQ(ErrorReason(reader.jobs().GetOrder("j1").status()), "ORDER_NOT_FOUND");
    EXPECT_FALSE(ValueOf(reader.jobs().GetPartialResult("j1")).has_value());
  });
}

TEST_P(Queue_Test, PartialResultThenTheLastOneIsKeptUntilTheJobEnds) {
  const std::string bytes("a\0\xff'b", 5);
  for (const v1::State end : {v1::SUCCEEDED, v1::FAILED, v1::CANCELLED}) {
    Job job = MakeJob(absl::StrCat("j", end), "r1");
    job.analysis = "a1";
    job.state = v1::RUNNING;
    Insert({job});
    const auto put = [&](const PartialResult& partial) {
      Write([&](CatalogTransaction& transaction) { return transaction.jobs().PutPartialResult(job.id, partial); });
    };
    const auto get = [&] {
      std::optional<PartialResult> partial;
      Read([&](CatalogReader& reader) { partial = ValueOf(reader.jobs().GetPartialResult(job.id)); });
      return partial;
    };
    EXPECT_FALSE(get().has_value());
    put({"of that", 1024, "earlier"});
    put({"of this", 512, bytes});
    Reopen();
    ASSERT_TRUE(get().has_value());
    EXPECT_EQ(get()->fits, "of this");
    EXPECT_EQ(get()->done, 512u);
    EXPECT_EQ(get()->state, bytes);
    job.state = v1::QUEUED;
    Update(job);
    EXPECT_TRUE(get().has_value()) << "for the next attempt";
    job.state = end;
    Update(job);
    EXPECT_FALSE(get().has_value());
    put({"of this", 2048, "late"});
    EXPECT_FALSE(get().has_value()) << "of a job that has ended";
  }
}

TEST_P(Queue_Test, PartialResultOfNoJobThenItIsNotKept) {
  Write([](CatalogTransaction& transaction) {
    return transaction.jobs().PutPartialResult("j9", {"of this", 512, "bytes"});
  });
  Read([](CatalogReader& reader) { EXPECT_FALSE(ValueOf(reader.jobs().GetPartialResult("j9")).has_value()); });
}

}  // namespace
}  // namespace sumscope::storage

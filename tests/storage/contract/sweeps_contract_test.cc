// Sweeps, their members and how these stand.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/names/resource_names.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

v1::Sweep MakeSweep(const std::string& id, const std::string& owner = "ada", v1::Visibility visibility = v1::LAB) {
  v1::Sweep sweep;
  sweep.set_name(SweepName(id));
  sweep.set_owner(owner);
  sweep.set_visibility(visibility);
  *sweep.mutable_spec() = MakeRun("r").spec();
  auto* seeds = sweep.add_fields();
  seeds->set_field("seed");
  for (const char* seed : {"1", "2", "3"}) seeds->add_values(seed);
  sweep.add_then()->mutable_request()->mutable_evaluate()->set_generate(true);
  sweep.set_max_parallel(2);
  sweep.set_runs(3);
  (*sweep.mutable_labels())["purpose"] = "test";
  sweep.mutable_create_time()->set_seconds(1000);
  return sweep;
}

v1::Run MakeMember(const std::string& id, const std::string& sweep, v1::State state, uint64_t steps_done) {
  v1::Run run = MakeRun(id);
  run.set_sweep(SweepName(sweep));
  run.set_state(state);
  run.mutable_spec()->set_steps(100);
  run.set_steps_done(steps_done);
  return run;
}

class Sweeps_Test : public BackendTest {
 protected:
  void Insert(const std::vector<v1::Sweep>& sweeps) {
    Write([&](CatalogTransaction& transaction) -> absl::Status {
      for (const v1::Sweep& sweep : sweeps) EXPECT_TRUE(transaction.sweeps().Insert(sweep).ok());
      return absl::OkStatus();
    });
  }
  void Insert(const std::vector<v1::Run>& runs) {
    Write([&](CatalogTransaction& transaction) -> absl::Status {
      for (const v1::Run& run : runs) EXPECT_TRUE(transaction.runs().Insert(run).ok());
      return absl::OkStatus();
    });
  }
  void Read(const std::function<void(CatalogReader&)>& body) {
    const absl::Status status = catalog().Read([&](CatalogReader& reader) { return body(reader), absl::OkStatus(); });
    EXPECT_TRUE(status.ok()) << status;
  }
};
SUMSCOPE_ON_EVERY_BACKEND(Sweeps_Test);

TEST_P(Sweeps_Test, InsertedThenItIsReadAsItWasMade) {
  const v1::Sweep sweep = MakeSweep("s1");
  Insert({sweep});
  Reopen();
  Read([&](CatalogReader& reader) {
    const auto found = reader.sweeps().Get(Viewer::Server(), "s1");
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE(MessageDifferencer::Equals(*found, sweep)) << found->DebugString();
    EXPECT_EQ(ErrorReason(reader.sweeps().Get(Viewer::Server(), "s2").status()), "SWEEP_NOT_FOUND");
  });
  EXPECT_EQ(ErrorReason(catalog().Write([&](auto& transaction) { return transaction.sweeps().Insert(sweep); })),
            "SWEEP_EXISTS");
}

TEST_P(Sweeps_Test, UpdatedThenItsEndAndACancellationAreKept) {
  Insert({MakeSweep("s1")});
  v1::Sweep sweep = MakeSweep("s1", "mallory", v1::PRIVATE);
  sweep.set_state(v1::SWEEP_CANCELLED);
  sweep.set_state_detail("by ada");
  sweep.mutable_end_time()->set_seconds(2000);
  Write([&](CatalogTransaction& transaction) { return transaction.sweeps().Update(sweep); });
  Read([&](CatalogReader& reader) {
    const auto found = reader.sweeps().Get(Viewer::Server(), "s1");
    EXPECT_EQ(found->state(), v1::SWEEP_CANCELLED);
    EXPECT_EQ(found->state_detail(), "by ada");
    EXPECT_EQ(found->end_time().seconds(), 2000);
    EXPECT_EQ(found->owner(), "ada");
    EXPECT_EQ(found->visibility(), v1::LAB);
  });
  sweep.set_state(v1::SWEEP_RUNNING);
  sweep.clear_end_time();
  Write([&](CatalogTransaction& transaction) { return transaction.sweeps().Update(sweep); });
  Read([&](CatalogReader& reader) {
    EXPECT_EQ(reader.sweeps().Get(Viewer::Server(), "s1")->state(), v1::SWEEP_STATE_UNSPECIFIED) << "is counted";
    EXPECT_FALSE(reader.sweeps().Get(Viewer::Server(), "s1")->has_end_time());
  });
  sweep.set_name("sweeps/s2");
  EXPECT_EQ(ErrorReason(catalog().Write([&](auto& transaction) { return transaction.sweeps().Update(sweep); })),
            "SWEEP_NOT_FOUND");
}

TEST_P(Sweeps_Test, AnothersPrivateOneThenItIsAbsent) {
  Insert({MakeSweep("sa", "ada", v1::PRIVATE), MakeSweep("sl", "ada"), MakeSweep("sb", "bob", v1::PRIVATE)});
  const auto seen = [&](const Viewer& viewer) {
    std::vector<std::string> ids;
    Read([&](CatalogReader& reader) {
      for (const char* id : {"sa", "sb", "sl"}) {
        if (reader.sweeps().Get(viewer, id).ok()) ids.push_back(id);
      }
      EXPECT_EQ(ValueOf(reader.sweeps().Find(viewer, "s", 9)), ids);
      std::vector<std::string> listed;
      std::string token;
      do {
        const SweepPage page = ValueOf(reader.sweeps().List(viewer, 1, token));
        for (const v1::Sweep& sweep : page.sweeps) listed.push_back(IdOf(sweep.name()));
        token = page.next_page_token;
      } while (!token.empty());
      EXPECT_THAT(listed, testing::UnorderedElementsAreArray(ids));
    });
    return ids;
  };
  EXPECT_THAT(seen(Viewer::Server()), ElementsAre("sa", "sb", "sl"));
  EXPECT_THAT(seen(Viewer::User("ada")), ElementsAre("sa", "sl"));
  EXPECT_THAT(seen(Viewer::User("bob")), ElementsAre("sb", "sl"));
  EXPECT_THAT(seen(Viewer::User("eve")), ElementsAre("sl"));
  Read([](CatalogReader& reader) {
    EXPECT_EQ(*reader.sweeps().Latest(Viewer::User("ada"), "ada"), "sl");
    EXPECT_EQ(*reader.sweeps().Latest(Viewer::User("eve"), "bob"), "");
    EXPECT_EQ(*reader.sweeps().Latest(Viewer::Admin("root"), "bob"), "sb");
    EXPECT_EQ(ErrorReason(reader.sweeps().List(Viewer::Server(), 1, "forged").status()), "PAGE_TOKEN_INVALID");
  });
}

TEST_P(Sweeps_Test, ListThenTheNewestFirst) {
  Insert({MakeSweep("sb"), MakeSweep("sa"), MakeSweep("sc")});
  Read([](CatalogReader& reader) {
    std::vector<std::string> ids;
    for (const v1::Sweep& sweep : ValueOf(reader.sweeps().List(Viewer::Server(), 9, "")).sweeps) {
      ids.push_back(IdOf(sweep.name()));
    }
    EXPECT_THAT(ids, ElementsAre("sc", "sa", "sb"));
  });
}

TEST_P(Sweeps_Test, RunsOfItThenTheyAreFoundAndKeepTheirSweep) {
  Insert({MakeSweep("s1")});
  v1::Run deleted = MakeMember("rb", "s1", v1::FAILED, 0);
  deleted.mutable_delete_time()->set_seconds(1);
  Insert({MakeMember("rc", "s1", v1::QUEUED, 0), deleted, MakeMember("ra", "s2", v1::QUEUED, 0), MakeRun("rd")});
  v1::Run run = MakeMember("rc", "s1", v1::RUNNING, 5);
  run.clear_sweep();
  Write([&](CatalogTransaction& transaction) { return transaction.runs().Update(run); });
  Read([](CatalogReader& reader) {
    EXPECT_THAT(ValueOf(reader.sweeps().Members("s1")), ElementsAre("rc", "rb"));
    EXPECT_EQ(reader.runs().Get(Viewer::Server(), "rc")->sweep(), "sweeps/s1") << "an update does not know it";
    EXPECT_EQ(reader.runs().Get(Viewer::Server(), "rd")->sweep(), "");
    for (const auto& [filter, expected] : std::vector<std::pair<std::string, std::vector<std::string>>>{
             {"sweep = \"s1\"", {"runs/rc"}},
             {"sweep = \"sweeps/s1\"", {"runs/rc"}},
             {"sweep:*", {"runs/ra", "runs/rc"}},
             {"sweep = \"sweeps/s*\" AND state = RUNNING", {"runs/rc"}},
             {"NOT sweep:*", {"runs/rd"}}}) {
      RunQuery query;
      query.filter = filter;
      std::vector<std::string> names;
      const auto page = reader.runs().List(Viewer::Server(), query);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const v1::Run& run : page->runs) names.push_back(run.name());
      EXPECT_THAT(names, testing::UnorderedElementsAreArray(expected)) << filter;
    }
  });
}

TEST_P(Sweeps_Test, TallyThenStatesOfTrainingsAndOrdersAndTheShareOfSteps) {
  Insert({MakeSweep("s1")});
  Insert({MakeMember("r1", "s1", v1::SUCCEEDED, 100), MakeMember("r2", "s1", v1::RUNNING, 50),
          MakeMember("r3", "s1", v1::QUEUED, 0), MakeMember("r4", "s1", v1::CANCELLED, 50),
          MakeMember("other", "s2", v1::SUCCEEDED, 100)});
  Write([](CatalogTransaction& transaction) -> absl::Status {
    const auto put = [&](const std::string& run, const std::string& id, v1::State state) {
      v1::Analysis analysis = MakeAnalysis(run, id, "key" + id);
      analysis.set_state(state);
      EXPECT_TRUE(transaction.analyses().Put(analysis).ok());
    };
    const auto insert = [&](const std::string& job_id, const std::string& run, const std::string& id,
                            const std::string& sweep) {
      Job job = MakeJob(job_id, run);
      job.analysis = id;
      job.sweep = sweep;
      EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
    };
    put("r1", "a1", v1::SUCCEEDED);
    put("r1", "a2", v1::FAILED);
    put("r1", "a3", v1::QUEUED);
    put("r2", "a1", v1::QUEUED);
    insert("j1", "r1", "a1", "s1");
    insert("j2", "r1", "a2", "s1");
    insert("j3", "r1", "a2", "s1");  // queued again
    insert("j4", "r1", "a3", "");    // asked by somebody
    insert("j5", "r2", "a1", "s1");
    insert("j6", "r2", "", "s1");
    return absl::OkStatus();
  });
  Read([](CatalogReader& reader) {
    const SweepTally tally = ValueOf(reader.sweeps().Tally(Viewer::Server(), "s1"));
    EXPECT_THAT(tally.runs, UnorderedElementsAre(Pair(v1::SUCCEEDED, 1), Pair(v1::RUNNING, 1), Pair(v1::QUEUED, 1),
                                                 Pair(v1::CANCELLED, 1)));
    EXPECT_THAT(tally.analyses, UnorderedElementsAre(Pair(v1::SUCCEEDED, 1), Pair(v1::FAILED, 1), Pair(v1::QUEUED, 1)));
    EXPECT_DOUBLE_EQ(tally.progress, 0.5);
    const SweepTally none = ValueOf(reader.sweeps().Tally(Viewer::Server(), "s3"));
    EXPECT_THAT(none.runs, IsEmpty());
    EXPECT_EQ(none.progress, 0);
  });
}

// A failed run that its owner had deleted counted on, and a retry of its sweep ended by it at once.
TEST_P(Sweeps_Test, MemberIsDeletedThenNeitherItNorItsAnalysesCount) {
  Insert({MakeSweep("s1")});
  v1::Run deleted = MakeMember("r2", "s1", v1::FAILED, 50);
  deleted.mutable_delete_time()->set_seconds(1);
  Insert({MakeMember("r1", "s1", v1::SUCCEEDED, 100), deleted});
  Write([](CatalogTransaction& transaction) -> absl::Status {
    for (const char* run : {"r1", "r2"}) {
      EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis(run, "a1", absl::StrCat("key", run))).ok());
      Job job = MakeJob(absl::StrCat("j", run), run);
      job.analysis = "a1";
      job.sweep = "s1";
      EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
    }
    return absl::OkStatus();
  });
  for (const Viewer& viewer : {Viewer::Server(), Viewer::User("ada")}) {
    Read([&](CatalogReader& reader) {
      const SweepTally tally = ValueOf(reader.sweeps().Tally(viewer, "s1"));
      EXPECT_THAT(tally.runs, UnorderedElementsAre(Pair(v1::SUCCEEDED, 1)));
      EXPECT_THAT(tally.analyses, UnorderedElementsAre(Pair(MakeAnalysis("r1", "a1", "key").state(), 1)));
      EXPECT_EQ(tally.progress, 1);
    });
  }
  deleted.clear_delete_time();
  Write([&](CatalogTransaction& transaction) { return transaction.runs().Update(deleted); });
  Read([](CatalogReader& reader) {
    const SweepTally tally = ValueOf(reader.sweeps().Tally(Viewer::Server(), "s1"));
    EXPECT_THAT(tally.runs, UnorderedElementsAre(Pair(v1::SUCCEEDED, 1), Pair(v1::FAILED, 1)));
    EXPECT_DOUBLE_EQ(tally.progress, 0.75);
  });
}

TEST_P(Sweeps_Test, MemberIsPrivateThenOthersCountItNot) {
  Insert({MakeSweep("s1")});
  v1::Run hidden = MakeMember("r2", "s1", v1::RUNNING, 50);
  hidden.set_owner("ada");
  hidden.set_visibility(v1::PRIVATE);
  Insert({MakeMember("r1", "s1", v1::SUCCEEDED, 100), hidden});
  Write([](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r2", "a1", "key")).ok());
    Job job = MakeJob("j1", "r2");
    job.analysis = "a1";
    job.sweep = "s1";
    return transaction.jobs().Insert(&job);
  });
  Read([](CatalogReader& reader) {
    const SweepTally bobs = ValueOf(reader.sweeps().Tally(Viewer::User("bob"), "s1"));
    EXPECT_THAT(bobs.runs, UnorderedElementsAre(Pair(v1::SUCCEEDED, 1)));
    EXPECT_THAT(bobs.analyses, IsEmpty());
    EXPECT_EQ(bobs.progress, 1);
    for (const Viewer& viewer : {Viewer::User("ada"), Viewer::Admin("root")}) {
      const SweepTally all = ValueOf(reader.sweeps().Tally(viewer, "s1"));
      EXPECT_EQ(all.runs.size(), 2u);
      EXPECT_EQ(all.analyses.size(), 1u);
    }
  });
}

// A filter found the private sweep of a run that its owner showed to the lab.
TEST_P(Sweeps_Test, SweepIsPrivateThenToOthersItsMembersAreOfNone) {
  Insert({MakeSweep("s1", "ada", v1::PRIVATE), MakeSweep("s2")});
  v1::Run of_none = MakeMember("r3", "s2", v1::SUCCEEDED, 100);
  of_none.clear_sweep();
  Insert({MakeMember("r1", "s1", v1::SUCCEEDED, 100), MakeMember("r2", "s2", v1::SUCCEEDED, 100), of_none});
  const auto found = [&](const Viewer& viewer, const std::string& filter) {
    std::vector<std::string> ids;
    Read([&](CatalogReader& reader) {
      RunQuery query;
      query.filter = filter;
      for (const v1::Run& run : ValueOf(reader.runs().List(viewer, query)).runs) ids.push_back(run.name().substr(5));
    });
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  const Viewer ada = Viewer::User("ada"), bob = Viewer::User("bob");
  struct Case {
    const char* filter;
    std::vector<std::string> adas, bobs;
  };
  for (const Case& one : std::vector<Case>{{"sweep = \"s1\"", {"r1"}, {}},
                                           {"sweep = \"sweeps/s1\"", {"r1"}, {}},
                                           {"sweep = \"s2\"", {"r2"}, {"r2"}},
                                           {"sweep = \"\"", {"r3"}, {"r1", "r3"}},
                                           {"sweep != \"s1\"", {"r2", "r3"}, {"r1", "r2", "r3"}},
                                           {"NOT sweep = \"s1\"", {"r2", "r3"}, {"r1", "r2", "r3"}},
                                           {"sweep = \"s*\"", {"r1", "r2"}, {"r2"}},
                                           {"sweep != \"s*\"", {"r3"}, {"r1", "r3"}},
                                           {"sweep:*", {"r1", "r2"}, {"r2"}},
                                           {"sweep:\"1\"", {"r1"}, {}},
                                           {"sweep < \"s2\" AND steps_done = 100", {"r1", "r3"}, {"r1", "r3"}},
                                           {"sweep > \"s\" AND state = SUCCEEDED", {"r1", "r2"}, {"r2"}}}) {
    EXPECT_THAT(found(ada, one.filter), testing::ElementsAreArray(one.adas)) << one.filter;
    EXPECT_THAT(found(Viewer::Admin("root"), one.filter), testing::ElementsAreArray(one.adas)) << one.filter;
    EXPECT_THAT(found(bob, one.filter), testing::ElementsAreArray(one.bobs)) << one.filter;
  }
}

TEST_P(Sweeps_Test, JobsOfItToCancelThenThoseThatNeitherHaveEndedNorAreAboutTo) {
  Insert({MakeSweep("s1")});
  Insert({MakeMember("r1", "s1", v1::QUEUED, 0)});
  Write([](CatalogTransaction& transaction) -> absl::Status {
    const std::vector<std::pair<std::string, v1::State>> jobs = {
        {"jd", v1::QUEUED},   {"jc", v1::RUNNING}, {"jb", v1::CANCELLING}, {"ja", v1::SUCCEEDED},
        {"j9", v1::STARTING}, {"j8", v1::FAILED},  {"j7", v1::CANCELLED}};
    for (const auto& [id, state] : jobs) {
      Job job = MakeJob(id, "r1");
      job.sweep = "s1";
      job.state = state;
      EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
    }
    Job other = MakeJob("j6", "r1");
    EXPECT_TRUE(transaction.jobs().Insert(&other).ok());
    return absl::OkStatus();
  });
  Read([](CatalogReader& reader) {
    EXPECT_THAT(ValueOf(reader.jobs().ListToCancel("s1")), ElementsAre("jd", "jc", "j9"));
    EXPECT_THAT(ValueOf(reader.jobs().ListToCancel("")), IsEmpty()) << "no sweep";
  });
}

TEST_P(Sweeps_Test, RemovedThenItsRunsStayAndAreOfNone) {
  Insert({MakeSweep("s1")});
  Insert({MakeMember("r1", "s1", v1::SUCCEEDED, 100), MakeMember("r2", "s2", v1::SUCCEEDED, 100)});
  Write([](CatalogTransaction& transaction) -> absl::Status {
    Job job = MakeJob("j1", "r1");
    job.sweep = "s1";
    EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
    return transaction.sweeps().Remove("s1");
  });
  Read([](CatalogReader& reader) {
    EXPECT_EQ(ErrorReason(reader.sweeps().Get(Viewer::Server(), "s1").status()), "SWEEP_NOT_FOUND");
    EXPECT_EQ(reader.runs().Get(Viewer::Server(), "r1")->sweep(), "");
    EXPECT_EQ(reader.runs().Get(Viewer::Server(), "r2")->sweep(), "sweeps/s2");
    EXPECT_EQ(reader.jobs().Get(Viewer::Server(), "j1")->sweep, "");
    EXPECT_THAT(ValueOf(reader.sweeps().Members("s1")), IsEmpty());
  });
}

}  // namespace
}  // namespace sumscope::storage

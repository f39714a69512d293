// Who asks: what the lab may see and what is theirs. To others a private run is as absent as one that never was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/names/resource_names.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using testing::IsEmpty;

using Ids = std::set<std::string>;

// Of a run `id`: training, analysis with key and job, event, fact. "rl" names its set "set-rl".
absl::Status InsertRun(CatalogTransaction& transaction, const std::string& id, const std::string& owner,
                       v1::Visibility visibility) {
  v1::Run run = MakeRun(id);
  run.set_owner(owner);
  run.set_visibility(visibility);
  run.set_accuracy(0.5);
  (*run.mutable_labels())["purpose"] = "test";
  EXPECT_TRUE(transaction.runs().Insert(run).ok());
  Job training = MakeJob("j" + id, id);
  EXPECT_TRUE(transaction.jobs().Insert(&training).ok());
  Job asked = MakeJob("k" + id, id);
  asked.analysis = "a1";
  asked.state = v1::RUNNING;
  EXPECT_TRUE(transaction.jobs().Insert(&asked).ok());
  v1::Analysis analysis = MakeAnalysis(id, "a1", "key");
  analysis.set_owner(owner);
  analysis.mutable_question_set()->mutable_uploaded()->set_sha256("set-" + id);
  EXPECT_TRUE(transaction.analyses().Put(analysis).ok());
  v1::UploadedQuestionSet set;
  set.set_sha256("set-" + id);
  set.set_owner(owner);
  EXPECT_TRUE(transaction.question_sets().Insert(set).ok());
  Event event;
  event.run = id;
  event.change.set_state(v1::QUEUED);
  EXPECT_TRUE(transaction.events().Append(&event).ok());
  v1::NodeTag tag;
  tag.set_node("P14L0H1");
  tag.set_tag("Algo:A2.SC");
  return transaction.facts().Put(id, 10, "a1", {tag}, absl::UnixEpoch());
}

// Ada has a run for the lab and a private one, Bob and Cat a private one each.
const std::vector<std::string>& RunIds() {
  static const auto* const kIds = new std::vector<std::string>{"ra", "rb", "rc", "rl"};
  return *kIds;
}

class Viewers_Test : public BackendTest {
 protected:
  Viewers_Test() {
    Write([](CatalogTransaction& transaction) -> absl::Status {
      EXPECT_TRUE(InsertRun(transaction, "ra", "ada", v1::PRIVATE).ok());
      EXPECT_TRUE(InsertRun(transaction, "rl", "ada", v1::LAB).ok());
      EXPECT_TRUE(InsertRun(transaction, "rb", "bob", v1::PRIVATE).ok());
      return InsertRun(transaction, "rc", "cat", v1::PRIVATE);
    });
  }
  void Read(const std::function<void(CatalogReader&)>& body) {
    const absl::Status status = catalog().Read([&](CatalogReader& reader) { return body(reader), absl::OkStatus(); });
    EXPECT_TRUE(status.ok()) << status;
  }
};
SUMSCOPE_ON_EVERY_BACKEND(Viewers_Test);

struct Sight {
  Viewer viewer;
  Ids runs;
};
std::vector<Sight> Sights() {
  return {{Viewer::Server(), {"ra", "rb", "rc", "rl"}},
          {Viewer::Admin("root"), {"ra", "rb", "rc", "rl"}},
          {Viewer::User("ada"), {"ra", "rl"}},
          {Viewer::User("bob"), {"rb", "rl"}},
          {Viewer::User("eve"), {"rl"}},
          {Viewer::User(""), {"rl"}}};
}

TEST_P(Viewers_Test, EachReaderThenTheLabsAndTheirOwnAreThere) {
  for (const Sight& sight : Sights()) {
    SCOPED_TRACE(sight.viewer.user());
    const Viewer& viewer = sight.viewer;
    Read([&](CatalogReader& reader) {
      Ids got, found_by_prefix, trainings, jobs, analyses, by_key, events, sets, analyses_of_run;
      for (const std::string& id : RunIds()) {
        if (reader.runs().Get(viewer, id).ok()) got.insert(id);
        if (!reader.runs().Find(viewer, id, RunsFirst::kLiving, 5)->empty()) found_by_prefix.insert(id);
        if (reader.jobs().GetTraining(viewer, id).ok()) trainings.insert(id);
        if (reader.jobs().Get(viewer, "j" + id).ok()) jobs.insert(id);
        if (reader.analyses().Get(viewer, id, "a1").ok()) analyses.insert(id);
        if (reader.analyses().Find(viewer, id, "key")->has_value()) by_key.insert(id);
        if (!reader.analyses().List(viewer, {id, "", 5, ""})->analyses.empty()) analyses_of_run.insert(id);
        if (!reader.events().List(viewer, id, 0, 5)->empty()) events.insert(id);
        if (reader.question_sets().Get(viewer, "set-" + id).ok()) sets.insert(id);
      }
      for (const Ids& ids : {got, found_by_prefix, trainings, jobs, analyses, by_key, analyses_of_run, events, sets}) {
        EXPECT_EQ(ids, sight.runs);
      }
      EXPECT_EQ(reader.runs().Find(viewer, "r", RunsFirst::kDeleted, 9)->size(), sight.runs.size());
      Ids listed, listed_analyses, facts, listed_events, listed_sets;
      for (const v1::Run& run : ValueOf(reader.runs().List(viewer, {})).runs) listed.insert(IdOf(run.name()));
      for (const v1::Analysis& analysis : ValueOf(reader.analyses().List(viewer, {})).analyses) {
        listed_analyses.insert(ParseAnalysisName(analysis.name())->run);
      }
      for (const v1::NodeFact& fact : ValueOf(reader.facts().List(viewer, {})).facts) facts.insert(IdOf(fact.run()));
      for (const Event& event : ValueOf(reader.events().List(viewer, "", 0, 9))) listed_events.insert(event.run);
      for (const auto& set : ValueOf(reader.question_sets().List(viewer, 9, "")).question_sets) {
        listed_sets.insert(set.sha256().substr(4));
      }
      for (const Ids& ids : {listed, listed_analyses, facts, listed_events, listed_sets}) EXPECT_EQ(ids, sight.runs);
    });
  }
}

TEST_P(Viewers_Test, LatestThenItIsTheLastThatTheyMaySee) {
  Read([](CatalogReader& reader) {
    EXPECT_EQ(*reader.runs().Latest(Viewer::User("bob"), "bob"), "rb");
    EXPECT_EQ(*reader.runs().Latest(Viewer::User("bob"), "cat"), "");
    EXPECT_EQ(*reader.runs().Latest(Viewer::User("bob"), "ada"), "rl");
    EXPECT_EQ(*reader.runs().Latest(Viewer::Admin("root"), "cat"), "rc");
  });
}

// Places are honest, and say nothing else.
TEST_P(Viewers_Test, QueueThenAnotherUsersWaitingJobIsAPlaceAndNoMore) {
  Read([](CatalogReader& reader) {
    std::vector<std::string> seen;
    for (const Job& job : ValueOf(reader.jobs().ListUnfinished(Viewer::User("bob")))) {
      seen.push_back(absl::StrCat(job.queue_position, " ", job.id, " ", job.run, " ", job.analysis));
      if (!job.id.empty()) continue;
      EXPECT_EQ(job.state, v1::QUEUED);
      EXPECT_EQ(job.create_time, absl::Time());
      EXPECT_EQ(job.owner + job.slot + job.reason + job.detail, "");
    }
    EXPECT_THAT(seen, testing::ElementsAre("1   ", "3 jrl rl ", "4 krl rl a1", "5 jrb rb ", "6 krb rb a1", "7   "));
    EXPECT_EQ(reader.jobs().ListUnfinished(Viewer::Admin("root"))->size(), 8u);
  });
}

TEST_P(Viewers_Test, VisibilityIsAFilterOfWhatOneMaySee) {
  const auto list = [](CatalogReader& reader, const Viewer& viewer, const std::string& filter) {
    RunQuery query;
    query.filter = filter;
    Ids ids;
    for (const v1::Run& run : ValueOf(reader.runs().List(viewer, query)).runs) ids.insert(IdOf(run.name()));
    return ids;
  };
  Read([&](CatalogReader& reader) {
    EXPECT_EQ(list(reader, Viewer::User("ada"), "visibility = PRIVATE"), Ids{"ra"});
    EXPECT_EQ(list(reader, Viewer::User("eve"), "visibility = PRIVATE"), Ids{});
    EXPECT_EQ(list(reader, Viewer::User("eve"), "NOT visibility = LAB OR id = \"ra\""), Ids{});
    EXPECT_EQ(list(reader, Viewer::User("eve"), "visibility = lab"), Ids{"rl"});
    EXPECT_EQ(list(reader, Viewer::User("eve"), "owner = \"cat\" OR owner = \"ada\""), Ids{"rl"});
    EXPECT_EQ(list(reader, Viewer::Server(), "visibility != LAB"), (Ids{"ra", "rb", "rc"}));
    RunQuery query;
    query.filter = "visibility = SECRET";
    EXPECT_EQ(ErrorReason(reader.runs().List(Viewer::User("eve"), query).status()), "FILTER_INVALID");
  });
}

TEST_P(Viewers_Test, SetToPrivateAndBackThenItGoesAndComes) {
  const auto set = [&](v1::Visibility visibility) {
    Write([&](CatalogTransaction& transaction) -> absl::Status {
      absl::StatusOr<v1::Run> run = transaction.runs().Get(Viewer::Server(), "rl");
      run->set_visibility(visibility);
      return transaction.runs().Update(*run);
    });
    bool there = false;
    Read([&](CatalogReader& reader) { there = reader.runs().Get(Viewer::User("bob"), "rl").ok(); });
    return there;
  };
  EXPECT_FALSE(set(v1::PRIVATE));
  EXPECT_FALSE(set(v1::VISIBILITY_UNSPECIFIED)) << "unspecified leaves it as it is";
  EXPECT_TRUE(set(v1::LAB));
}

TEST_P(Viewers_Test, RunsNameTheirSourceThenThoseOfTheLabAreCounted) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    const auto insert = [&](const std::string& id, const std::string& init_from, v1::Visibility visibility) {
      v1::Run run = MakeRun(id);
      run.mutable_spec()->set_init_from(init_from);
      run.set_visibility(visibility);
      if (id == "gone") run.mutable_delete_time()->set_seconds(1);
      run.set_imported(id == "foreign");
      EXPECT_TRUE(transaction.runs().Insert(run).ok());
    };
    insert("one", "rl@20", v1::LAB);
    insert("whole", "rl", v1::LAB);
    insert("gone", "rl@4", v1::LAB);
    insert("hidden", "rl@20", v1::PRIVATE);
    insert("longer", "rl2@20", v1::LAB);
    insert("foreign", "rl@20", v1::LAB);
    return absl::OkStatus();
  });
  Read([](CatalogReader& reader) {
    EXPECT_EQ(*reader.runs().CountLabRunsFrom("rl"), 3u);
    EXPECT_EQ(*reader.runs().CountLabRunsFrom("r"), 0u);
    EXPECT_EQ(*reader.runs().CountLabRunsFrom("rl2"), 1u);
  });
}

TEST_P(Viewers_Test, EveryOrderPageAndFilterThenItIsTheListOfAllWithoutTheHidden) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    for (int i = 0; i < 12; ++i) {
      v1::Run run = MakeRun(absl::StrCat("rm", i), i);
      run.set_owner(i % 2 == 0 ? "ada" : "bob");
      run.set_visibility(i % 3 == 0 ? v1::LAB : v1::PRIVATE);
      run.set_model_name(absl::StrCat("m", i % 5));
      if (i % 4 > 0) run.set_heldout_loss(0.1 * (i % 4));
      if (i % 4 > 1) run.mutable_end_time()->set_seconds(100 - i);
      EXPECT_TRUE(transaction.runs().Insert(run).ok());
    }
    return absl::OkStatus();
  });
  Read([](CatalogReader& reader) {
    for (const char* order :
         {"", "create_time", "end_time", "end_time desc", "model_name", "model_name desc", "state", "heldout_loss",
          "heldout_loss desc", "accuracy desc", "nines", "reads_to", "sure_to desc"}) {
      for (const char* filter : {"", "state = QUEUED", "owner = \"ada\"", "visibility = PRIVATE",
                                 "labels.purpose = \"test\"", "spec.n_digits >= 1"}) {
        RunQuery query;
        query.order_by = order;
        query.filter = filter;
        std::vector<std::string> expected, listed;
        for (const v1::Run& run : ValueOf(reader.runs().List(Viewer::Server(), query)).runs) {
          if (run.visibility() == v1::LAB || run.owner() == "bob") expected.push_back(run.name());
        }
        query.page_size = 2;
        do {
          const auto page = reader.runs().List(Viewer::User("bob"), query);
          ASSERT_TRUE(page.ok()) << page.status();
          for (const v1::Run& run : page->runs) listed.push_back(run.name());
          query.page_token = page->next_page_token;
        } while (!query.page_token.empty() && listed.size() < 50);
        EXPECT_EQ(listed, expected) << order << " | " << filter;
      }
    }
  });
}

// All that a viewer is told about a run's world, in so many bytes.
std::string Everything(CatalogReader& reader, const Viewer& viewer, const std::string& id) {
  std::string told;
  const auto tell = [&told](const absl::Status& status, const std::string& text = "") {
    absl::StrAppend(&told, status.ToString(), "\n", text, "\n");
  };
  const auto tell_message = [&](const auto& answer) {
    tell(answer.status(), answer.ok() ? answer->SerializeAsString() : "");
  };
  tell_message(reader.runs().Get(viewer, id));
  for (const RunsFirst first : {RunsFirst::kLiving, RunsFirst::kDeleted}) {
    for (const std::string& found : ValueOf(reader.runs().Find(viewer, id.substr(0, 1), first, 5))) tell({}, found);
  }
  tell({}, *reader.runs().Latest(viewer, "cat"));
  tell(reader.jobs().Get(viewer, "j" + id).status());
  tell(reader.jobs().GetTraining(viewer, id).status());
  tell_message(reader.analyses().Get(viewer, id, "a1"));
  tell({}, absl::StrCat(reader.analyses().Find(viewer, id, "key")->has_value()));
  tell_message(reader.question_sets().Get(viewer, "set-" + id));
  for (const char* filter : {"", "visibility = PRIVATE", "owner = \"cat\"", "labels.purpose = \"test\""}) {
    for (const char* order : {"", "accuracy desc", "model_name", "end_time"}) {
      RunQuery query;
      query.filter = filter;
      query.order_by = order;
      query.page_size = 1;
      const auto page = reader.runs().List(viewer, query);
      for (const v1::Run& run : page->runs) tell({}, run.SerializeAsString());
      tell({}, page->next_page_token);
    }
  }
  for (const std::string& run : {std::string(), id}) {
    const auto page = reader.analyses().List(viewer, {run, "", 1, ""});
    for (const v1::Analysis& analysis : page->analyses) tell({}, analysis.SerializeAsString());
    tell({}, page->next_page_token);
    const auto events = reader.events().List(viewer, run, 0, 50);
    for (const Event& event : *events) tell({}, absl::StrCat(event.sequence, event.run));
  }
  for (const std::string& filter : {std::string(), "run.name = \"" + id + "\""}) {
    const auto page = reader.facts().List(viewer, {filter, 1, ""});
    for (const v1::NodeFact& fact : page->facts) tell({}, fact.SerializeAsString());
    tell({}, page->next_page_token);
  }
  const auto sets = reader.question_sets().List(viewer, 1, "");
  for (const v1::UploadedQuestionSet& set : sets->question_sets) tell({}, set.SerializeAsString());
  tell({}, sets->next_page_token);
  return told;
}

TEST_P(Viewers_Test, PrivateRunThenToOthersEveryAnswerIsThatOfItsAbsence) {
  for (const char* name : {"bob", "eve"}) {
    const Viewer viewer = Viewer::User(name);
    std::string with, without;
    Read([&](CatalogReader& reader) { with = Everything(reader, viewer, "rc"); });
    // Rolled back, so that the next viewer finds it.
    const absl::Status status = catalog().Write([&](CatalogTransaction& transaction) -> absl::Status {
      EXPECT_TRUE(transaction.runs().Remove("rc").ok());
      EXPECT_TRUE(transaction.question_sets().ForgetUnnamed(absl::FromUnixSeconds(1)).ok());
      EXPECT_EQ(ErrorReason(transaction.question_sets().Get(Viewer::Server(), "set-rc").status()),
                "QUESTION_SET_NOT_FOUND");
      without = Everything(transaction, viewer, "rc");
      return absl::CancelledError("rolled back");
    });
    EXPECT_EQ(with, without) << name;
    Read([&](CatalogReader& reader) { EXPECT_NE(with, Everything(reader, Viewer::User("cat"), "rc")); });
  }
}

TEST_P(Viewers_Test, IdOfAPrivateRunIsTakenForEverybody) {
  const absl::Status status = catalog().Write(Actor(Viewer::User("bob"), nullptr), [](CatalogTransaction& transaction) {
    return transaction.runs().Insert(MakeRun("rc"));
  });
  EXPECT_EQ(ErrorReason(status), "RUN_EXISTS");
}

TEST(Viewer_Test, ServerIsNobodyByName) {
  EXPECT_TRUE(Viewer::Server().sees_everything());
  EXPECT_EQ(Viewer::Server().user(), "");
  EXPECT_FALSE(Viewer::User("").sees_everything());
  EXPECT_EQ(Viewer::User("ada").user(), "ada");
  EXPECT_TRUE(Viewer::Admin("ada").sees_everything());
  EXPECT_EQ(Viewer::Admin("ada").user(), "ada");
}

}  // namespace
}  // namespace sumscope::storage

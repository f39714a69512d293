// No query of the catalog walks through a table that grows, but for a reason that is written here.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

// Every statement that any connection of this process runs, from BeginRecording to EndRecording.
std::set<std::string>* recorded = nullptr;

int Record(unsigned, void*, void* statement, void*) {
  if (recorded != nullptr) recorded->insert(sqlite3_sql(static_cast<sqlite3_stmt*>(statement)));
  return 0;
}

int RecordStatementsOf(sqlite3* database, char**, const void*) {
  return sqlite3_trace_v2(database, SQLITE_TRACE_STMT, Record, nullptr);
}

// What a plan may walk through, and why.
struct Excuse {
  std::string step;       // the beginning of the plan's line
  std::string statement;  // a part of the statement's text
  std::string why;
};
const std::vector<Excuse>& Excuses() {
  static const auto* const kExcuses = new std::vector<Excuse>{
      {"SCAN jobs USING INDEX jobs_unfinished", "NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')",
       "the partial index holds unfinished jobs only, and all of them are asked for"},
      {"SCAN event_log", "event_log", "one row"},
      {"SCAN sequences", "sequences", "one row"},
      {"SCAN removals", "FROM removals", "what is still to be removed: empty but for seconds"},
      {"SCAN events", "UPDATE event_log",
       "from the oldest on to the first that is young enough: just what is deleted then, once a day"},
      {"SCAN runs USING INDEX runs_by_", "LIMIT",
       "in the order that is asked for, until the page is full; a filter over fields without an index goes on to the "
       "end"},
      {"SCAN node_facts", "LIMIT", "in the order of the list, until the page is full; as for runs"},
      {"SCAN analyses USING INDEX analyses_by_", "LIMIT", "in the order of the list, until the page is full"},
      {"SCAN question_sets USING INDEX question_sets_by_sequence", "LIMIT", "in the order of the list"},
      {"SCAN question_sets", "AS own",
       "whether a viewer sees a set, and its place in their list, is theirs: each is looked up; there are few"},
      {"SCAN users", "SELECT count(*) FROM users", "a lab has few"},
      {"SCAN users USING", "LIMIT", "in the order of the list, until the page is full"},
      {"SCAN sweeps USING INDEX sweeps_by_sequence", "LIMIT", "in the order of the list, until the page is full"},
      {"SCAN usage", "FROM usage ORDER BY user", "a row for each user, and all of them are asked for"},
      {"SCAN rates USING", "LIMIT", "at most limits::kMaxRates"},
      {"SCAN jobs USING INDEX jobs_estimated", "LIMIT", "from the last on, until there are enough"},
      {"SCAN ordered", "AS ordered", "the analyses of one sweep"},
      {"SCAN audit", "ORDER BY sequence DESC LIMIT", "in the order of the list, until the page is full"},
  };
  return *kExcuses;
}

class QueryPlans_Test : public testing::Test {
 protected:
  QueryPlans_Test() {
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(RecordStatementsOf));
    storage_ = *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real());
    recorded = &statements_;
  }
  ~QueryPlans_Test() override {
    recorded = nullptr;
    sqlite3_reset_auto_extension();
  }

  void WriteEverything() {
    const absl::Status status = storage_.catalog->Write([](CatalogTransaction& transaction) -> absl::Status {
      v1::Run run = MakeRun("r1");
      (*run.mutable_labels())["key"] = "value";
      EXPECT_TRUE(transaction.runs().Insert(run).ok());
      EXPECT_TRUE(transaction.runs().Update(run).ok());
      Job job = MakeJob("j1", "r1");
      EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
      job.state = v1::STARTING;
      EXPECT_TRUE(transaction.jobs().Update(job).ok());
      Job waiting = MakeJob("j2", "r1");
      waiting.analysis = "a1";
      EXPECT_TRUE(transaction.jobs().Insert(&waiting).ok());
      waiting.dependencies = {"r2"};
      EXPECT_TRUE(transaction.jobs().Update(waiting).ok());
      EXPECT_TRUE(transaction.jobs().PutOrder("j2", MakeAnalysis("r1", "a1", "key")).ok());
      EXPECT_TRUE(transaction.jobs().PutPartialResult("j2", {"of this", 512, "bytes"}).ok());
      v1::Sweep sweep;
      sweep.set_name("sweeps/s1");
      EXPECT_TRUE(transaction.sweeps().Insert(sweep).ok());
      EXPECT_TRUE(transaction.sweeps().Update(sweep).ok());
      EXPECT_TRUE(transaction.usage().Put({"ada", 1, absl::Now()}).ok());
      EXPECT_TRUE(transaction.rates().Put({"cpu", 1, "train", "n = 5", 1, 1, 1, absl::Now()}).ok());
      EXPECT_TRUE(transaction.requests().Insert({"id", "digest", "runs/r1", "ada"}).ok());
      Event event;
      event.run = "r1";
      EXPECT_TRUE(transaction.events().Append(&event).ok());
      EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r1", "a1", "key")).ok());
      v1::NodeTag tag;
      tag.set_node("P14L0H1");
      tag.set_tag("Algo:A2.SC");
      EXPECT_TRUE(transaction.facts().Put("r1", 10, "a1", {tag}, absl::UnixEpoch()).ok());
      EXPECT_TRUE(transaction.headlines().Put("r1", 10, "a1", {Headline::Accuracy{0.5, 10, 1}, {}}).ok());
      v1::UploadedQuestionSet set;
      set.set_sha256("abc");
      EXPECT_TRUE(transaction.question_sets().Insert(set).ok());
      v1::User user;
      user.set_name("users/ada");
      user.set_role(v1::ADMIN);
      user.add_local_uids(1000);
      user.add_certificate_names("ada.example");
      EXPECT_TRUE(transaction.users().Insert(user).ok());
      EXPECT_TRUE(transaction.users().Update(user).ok());
      StoredToken token;
      token.id = "t1";
      token.user = "ada";
      EXPECT_TRUE(transaction.tokens().Insert(token).ok());
      EXPECT_TRUE(transaction.tokens().Revoke("t1", absl::Now()).ok());
      EXPECT_TRUE(transaction.tokens().NoteUse("t1", absl::Now()).ok());
      AuditRow row;
      EXPECT_TRUE(transaction.audit().Append(&row).ok());
      EXPECT_TRUE(transaction.audit().Correct(row).ok());
      return transaction.removals().Put({"r2", "", ""});
    });
    EXPECT_TRUE(status.ok()) << status;
  }

  void ReadWhoAndWhat() {
    const absl::Status status = storage_.catalog->Read([](CatalogReader& reader) {
      EXPECT_TRUE(reader.users().Get("ada").ok());
      EXPECT_EQ(reader.usage().List()->size(), 1u);
      EXPECT_EQ(reader.rates().List()->size(), 1u);
      EXPECT_EQ(reader.jobs().ListDependents("r2")->size(), 1u);
      EXPECT_TRUE(reader.jobs().ListToCancel("s1").ok());
      EXPECT_TRUE(reader.jobs().EstimateRatios(5).ok());
      EXPECT_TRUE(reader.jobs().GetOrder("j2").ok());
      EXPECT_TRUE(reader.jobs().GetPartialResult("j2").ok());
      EXPECT_TRUE(reader.sweeps().Members("s1").ok());
      EXPECT_TRUE(reader.users().OfUid(1000)->has_value());
      EXPECT_TRUE(reader.users().OfCertificate("ada.example")->has_value());
      EXPECT_TRUE(reader.users().List(5, "").ok());
      EXPECT_EQ(*reader.users().Count(), 1u);
      EXPECT_EQ(*reader.users().CountAdmins(), 1u);
      EXPECT_TRUE(reader.tokens().Find("t1")->has_value());
      EXPECT_TRUE(reader.tokens().List("ada", 5, "").ok());
      EXPECT_TRUE(reader.tokens().CountAlive("ada", absl::Now()).ok());
      for (const char* user : {"", "ada"}) {
        for (const char* method : {"", "CreateRun", "/sumscope.v1.RunService/CreateRun"}) {
          for (const char* resource : {"", "runs", "runs/r1"}) {
            for (const bool since : {false, true}) {
              AuditQuery query;
              query.user = user;
              query.method = method;
              query.resource = resource;
              if (since) query.since = absl::Now();
              EXPECT_TRUE(reader.audit().List(query).ok());
            }
          }
        }
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  }

  void ReadEverything(const Viewer& viewer) {
    const absl::Status status = storage_.catalog->Read([&viewer](CatalogReader& reader) {
      EXPECT_TRUE(reader.runs().Get(viewer, "r1").ok());
      EXPECT_TRUE(reader.runs().Find(viewer, "r", RunsFirst::kLiving, 5).ok());
      EXPECT_TRUE(reader.runs().Latest(viewer, "ada").ok());
      EXPECT_TRUE(reader.runs().CountLabRunsFrom("r1").ok());
      EXPECT_TRUE(reader.jobs().Get(viewer, "j1").ok());
      EXPECT_TRUE(reader.jobs().GetTraining(viewer, "r1").ok());
      EXPECT_TRUE(reader.jobs().ListUnfinished(viewer).ok());
      EXPECT_TRUE(reader.sweeps().Get(viewer, "s1").ok());
      EXPECT_TRUE(reader.sweeps().Find(viewer, "s", 5).ok());
      EXPECT_TRUE(reader.sweeps().Latest(viewer, "").ok());
      EXPECT_TRUE(reader.sweeps().Tally(viewer, "s1").ok());
      EXPECT_TRUE(reader.sweeps().List(viewer, 5, "").ok());
      EXPECT_TRUE(reader.requests().Find("id").ok());
      for (const char* run : {"", "r1"}) EXPECT_TRUE(reader.events().List(viewer, run, 0, 5).ok());
      EXPECT_TRUE(reader.analyses().Get(viewer, "r1", "a1").ok());
      EXPECT_TRUE(reader.analyses().Find(viewer, "r1", "key")->has_value());
      for (const char* run : {"", "r1"}) {
        for (const char* kind : {"", "evaluate"}) {
          EXPECT_TRUE(reader.analyses().List(viewer, {run, kind, 5, ""}).ok());
        }
      }
      EXPECT_TRUE(reader.question_sets().Get(viewer, "abc").ok());
      EXPECT_TRUE(reader.question_sets().List(viewer, 5, "").ok());
      EXPECT_TRUE(reader.removals().List().ok());
      for (const char* filter : {"", "task = \"A2.SC\"", "tag = \"Algo:A2.SC\"", "run.name = \"r1\""}) {
        EXPECT_TRUE(reader.facts().List(viewer, {filter, 5, ""}).ok()) << filter;
      }
      for (const char* order : {"", "create_time", "end_time", "end_time desc", "model_name", "model_name desc",
                                "state", "state desc", "heldout_loss", "heldout_loss desc", "accuracy", "accuracy desc",
                                "nines", "nines desc", "reads_to", "reads_to desc", "sure_to", "sure_to desc"}) {
        for (const char* filter : {"", "state = RUNNING", "owner = \"ada\"", "visibility = PRIVATE",
                                   "labels.key = \"value\"", "spec.n_digits = 5", "name = \"r1\"", "sweep = \"s1\""}) {
          for (const bool show_deleted : {false, true}) {
            RunQuery query;
            query.order_by = order;
            query.filter = filter;
            query.show_deleted = show_deleted;
            EXPECT_TRUE(reader.runs().List(viewer, query).ok()) << order << " " << filter;
          }
        }
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  }

  void ForgetEverything() {
    const absl::Status status = storage_.catalog->Write([](CatalogTransaction& transaction) -> absl::Status {
      EXPECT_TRUE(transaction.events().Prune(absl::Now()).ok());
      EXPECT_TRUE(transaction.requests().Prune(absl::Now()).ok());
      EXPECT_TRUE(transaction.tokens().Prune(absl::Now()).ok());
      EXPECT_TRUE(transaction.audit().Prune(absl::Now()).ok());
      EXPECT_TRUE(transaction.question_sets().ForgetUnnamed(absl::Now()).ok());
      EXPECT_TRUE(transaction.jobs().RemoveOrder("j2").ok());
      EXPECT_TRUE(transaction.sweeps().Remove("s1").ok());
      EXPECT_TRUE(transaction.analyses().Remove("r1", "a1").ok());
      EXPECT_TRUE(transaction.runs().Remove("r1").ok());
      return transaction.removals().End({"r2", "", ""});
    });
    EXPECT_TRUE(status.ok()) << status;
  }

  // The steps of the statement's plan, a line each.
  static std::vector<std::string> PlanOf(sqlite3* database, const std::string& sql) {
    std::vector<std::string> steps;
    sqlite3_stmt* statement = nullptr;
    const std::string explain = absl::StrCat("EXPLAIN QUERY PLAN ", sql);
    EXPECT_EQ(sqlite3_prepare_v2(database, explain.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(database);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      steps.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3)));
    }
    sqlite3_finalize(statement);
    return steps;
  }

  static bool IsPlain(const std::string& sql) {
    for (const char* word : {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}) {
      if (absl::StartsWith(sql, word)) return true;
    }
    return false;
  }

  static bool IsExcused(const std::string& step, const std::string& sql) {
    if (!absl::StartsWith(step, "SCAN ") || step == "SCAN CONSTANT ROW") return true;
    for (const Excuse& excuse : Excuses()) {
      if (absl::StartsWith(step, excuse.step) && absl::StrContains(sql, excuse.statement)) return true;
    }
    return false;
  }

  const TempDirectory folder_;
  Storage storage_;
  std::set<std::string> statements_;
};

// FindAnalysis asked for less than its partial index promises, so that the index could not serve it.
TEST_F(QueryPlans_Test, EveryQueryThenNoneWalksThroughWhatGrows) {
  WriteEverything();
  ReadEverything(Viewer::Server());
  ReadEverything(Viewer::User("ada"));
  ReadWhoAndWhat();
  ForgetEverything();
  recorded = nullptr;
  storage_ = {};
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((folder_.path() + "/catalog.db").c_str(), &database), SQLITE_OK);
  int looked_at = 0;
  for (const std::string& sql : statements_) {
    if (!IsPlain(sql)) continue;
    ++looked_at;
    const std::vector<std::string> plan = PlanOf(database, sql);
    for (const std::string& step : plan) {
      EXPECT_TRUE(IsExcused(step, sql)) << step << "\n  of\n" << sql << "\n" << absl::StrJoin(plan, "\n");
      // The order of an audit's list is that of its indexes; the few rows of one resource alone are sorted.
      if (absl::StrContains(sql, "FROM audit WHERE") && !absl::StrContains(sql, "AND resource < ?")) {
        EXPECT_FALSE(absl::StartsWith(step, "USE TEMP B-TREE")) << step << "\n  of\n" << sql;
      }
      // A page in the order of an index is not sorted: a first page costs what it shows. The analyses of one sweep are
      // no page.
      if (absl::StrContains(sql, "FROM runs") && !absl::StrContains(sql, " IN (SELECT") &&
          !absl::StrContains(sql, "AS ordered")) {
        EXPECT_FALSE(absl::StartsWith(step, "USE TEMP B-TREE") && !absl::StrContains(sql, "WHERE ("))
            << step << "\n  of\n"
            << sql;
      }
    }
    if (absl::StrContains(sql, "SELECT COUNT(*) FROM jobs")) {
      EXPECT_TRUE(absl::StrContains(absl::StrJoin(plan, "\n"), "jobs_unfinished")) << absl::StrJoin(plan, "\n");
    }
    if (absl::StrContains(sql, "FROM runs WHERE sweep = ? AND sweep <> ''")) {
      EXPECT_TRUE(absl::StrContains(absl::StrJoin(plan, "\n"), "runs_by_sweep_and_state")) << absl::StrJoin(plan, "\n");
    }
    if (absl::StrContains(sql, "FROM analyses WHERE key = ?")) {
      EXPECT_TRUE(absl::StrContains(absl::StrJoin(plan, "\n"), "analyses_by_key")) << absl::StrJoin(plan, "\n");
    }
  }
  EXPECT_GT(looked_at, 100) << "every order with every filter, and what else there is";
  sqlite3_close(database);
}

}  // namespace
}  // namespace sumscope::storage

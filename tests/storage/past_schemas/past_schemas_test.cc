// Stores that servers of each past schema left (make.py) are opened, brought up to date, served right and gone on with.
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/sha256.h"
#include "storage/catalog/catalog.h"
#include "storage/sqlite/base/schema.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/storage/any_transition.h"
#include "tests/support/temp_directory.h"

namespace sumscope::storage {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const fs::path kFiles = fs::path(SUMSCOPE_SOURCE_DIR) / "tests/storage/past_schemas";
constexpr char kQuestions[] = "12+34\n56+78\n";

// What a catalog serves of the story that make.py tells, a line for each thing.
struct Served {
  std::vector<std::string> runs, ends, figures, jobs, events, analyses, facts, facts_of_task, question_sets, removals;
  std::string latest, resource_of_request, expired;
  bool finds_analysis_by_key = false;
};

std::string LineOf(const v1::Run& run) {
  const std::map<std::string, std::string> labels(run.labels().begin(), run.labels().end());
  return absl::StrCat(IdOf(run.name()), "|", v1::State_Name(run.state()), "|", run.state_reason(), "|",
                      run.steps_done(), "|", run.attempt(), ".", run.segment(), "|",
                      absl::StrJoin(labels, ",", absl::PairFormatter("=")), run.has_delete_time() ? "|deleted" : "");
}
std::string FiguresOf(const v1::Run& run) {
  return absl::StrCat(IdOf(run.name()), "|", run.accuracy(), "|", run.accuracy_questions(), "|", run.nines(), "|",
                      run.has_reads_to() ? absl::StrCat(run.reads_to(), " ", run.sure_to()) : "");
}
std::string LineOf(const Job& job) {
  return absl::StrCat(job.run, "/", job.analysis, "|", v1::State_Name(job.state), "|", job.reason, "|", job.slot, "|",
                      job.attempt, ".", job.segment);
}
std::string LineOf(const Event& event) {
  return absl::StrCat(v1::State_Name(event.change.state()), "|", event.change.reason(), "|", event.change.attempt(),
                      ".", event.change.segment(), "|",
                      event.log_entries.has_value() ? absl::StrCat(*event.log_entries) : "");
}
std::string LineOf(const v1::Analysis& analysis) {
  return absl::StrCat(analysis.name(), "|", analysis.analysis(), "|", v1::State_Name(analysis.state()));
}
std::string LineOf(const v1::NodeFact& fact) {
  return absl::StrCat(fact.run(), "|", fact.node(), "|", fact.tag(), "|", fact.task(), "|", IdOf(fact.analysis()));
}
std::string LineOf(const v1::UploadedQuestionSet& set) {
  return absl::StrCat(set.sha256(), "|", set.count(), "|", set.owner());
}
std::string LineOf(const Removal& removal) {
  return absl::StrCat(removal.run, "|", removal.analysis, "|", removal.question_set.substr(0, 8));
}
template <typename Things>
std::vector<std::string> LinesOf(const Things& things) {
  std::vector<std::string> lines;
  for (const auto& thing : things) lines.push_back(LineOf(thing));
  return lines;
}

// The reads of a catalog that this test needs, all of them.
absl::Status Serve(CatalogReader& reader, Served* served) {
  RunQuery query;
  query.show_deleted = true;
  SUMSCOPE_ASSIGN_OR_RETURN(const RunPage all, reader.runs().List(Viewer::Server(), query));
  served->runs = LinesOf(all.runs);
  for (const v1::Run& run : all.runs) {
    if (run.has_accuracy() || run.has_reads_to()) served->figures.push_back(FiguresOf(run));
  }
  RunQuery ended;
  ended.filter = "state = CANCELLED OR state = SUCCEEDED";
  ended.order_by = "end_time desc";
  SUMSCOPE_ASSIGN_OR_RETURN(const RunPage ends, reader.runs().List(Viewer::Server(), ended));
  for (const v1::Run& run : ends.runs) served->ends.push_back(IdOf(run.name()));
  SUMSCOPE_ASSIGN_OR_RETURN(served->latest, reader.runs().Latest(Viewer::Server(), "ada"));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<Job> jobs, reader.jobs().ListUnfinished(Viewer::Server()));
  served->jobs = LinesOf(jobs);
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<Event> events, reader.events().List(Viewer::Server(), "lost", 0, 100));
  served->events = LinesOf(events);
  served->expired = ErrorReason(reader.events().List(Viewer::Server(), "succeeded", 3, 100).status());
  SUMSCOPE_ASSIGN_OR_RETURN(const auto request, reader.requests().Find("00000002-0000-4000-8000-000000000000"));
  if (request.has_value()) served->resource_of_request = request->resource;
  SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisPage analyses, reader.analyses().List(Viewer::Server(), {"", "", 50, ""}));
  served->analyses = LinesOf(analyses.analyses);
  SUMSCOPE_ASSIGN_OR_RETURN(const auto found,
                            reader.analyses().Find(Viewer::Server(), "succeeded", Sha256Hex("succeeded evaluated")));
  served->finds_analysis_by_key = found.has_value();
  SUMSCOPE_ASSIGN_OR_RETURN(const FactPage facts, reader.facts().List(Viewer::Server(), {}));
  served->facts = LinesOf(facts.facts);
  SUMSCOPE_ASSIGN_OR_RETURN(const FactPage of_task,
                            reader.facts().List(Viewer::Server(), {"task = \"A2.SC\" AND run.n_digits = 2", 50, ""}));
  served->facts_of_task = LinesOf(of_task.facts);
  SUMSCOPE_ASSIGN_OR_RETURN(const QuestionSetPage sets, reader.question_sets().List(Viewer::Server(), 50, ""));
  served->question_sets = LinesOf(sets.question_sets);
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<Removal> removals, reader.removals().List());
  served->removals = LinesOf(removals);
  return absl::OkStatus();
}

// The writes: a new run with a job, an end of one that runs, an answer of most questions, and a look at what nobody
// names any more.
absl::Status GoOn(CatalogTransaction& transaction) {
  v1::Run run;
  run.set_name(RunName("newest"));
  run.set_owner("ada");
  run.set_state(v1::QUEUED);
  SUMSCOPE_RETURN_IF_ERROR(transaction.runs().Insert(run));
  Job job;
  job.id = "jnewest1";
  job.run = "newest";
  SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().Insert(&job));
  SUMSCOPE_ASSIGN_OR_RETURN(Job running, transaction.jobs().GetTraining(Viewer::Server(), "running"));
  running.state = v1::SUCCEEDED;
  running.slot.clear();
  SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().Update(running));
  Event event;
  event.run = "lost";
  event.change.set_state(v1::CANCELLED);
  event.log_entries = 7;
  SUMSCOPE_RETURN_IF_ERROR(transaction.events().Append(&event));
  Headline headline;
  headline.accuracy = Headline::Accuracy{0.875, 2000, 0};
  SUMSCOPE_RETURN_IF_ERROR(transaction.headlines().Put("succeeded", 4, "waits", headline));
  return transaction.question_sets().ForgetUnnamed(absl::FromUnixSeconds(4'000'000'000));
}

std::string TextAt(const std::string& path, const char* sql) {
  SQLite::Database database(path, SQLite::OPEN_READWRITE);
  return database.execAndGet(sql).getString();
}

// The version of a file's header, which nothing has opened.
int VersionOf(const fs::path& path) {
  constexpr std::streamoff kUserVersion = 60;  // big endian
  std::ifstream file(path, std::ios::binary);
  file.seekg(kUserVersion);
  int version = 0;
  for (int i = 0; i < 4; ++i) version = version << 8 | file.get();
  return file.good() ? version : -1;
}

TEST(PastSchemaFiles_Test, EverySchemaHasItsFile) {
  const auto expect = [](const char* kind, const Schema& schema) {
    for (int version = 1; version <= schema.version(); ++version) {
      const fs::path path = kFiles / absl::StrCat(kind, "_", version, ".db");
      EXPECT_EQ(VersionOf(path), version) << path << ": let make.py write it, and check it in";
    }
  };
  expect("catalog", CatalogSchema());
  expect("run", RunFileSchema());
  expect("capture", CaptureFileSchema());
}

// The store of a server whose catalog had the version that is the parameter.
class PastSchema_Test : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    Copy(absl::StrCat("catalog_", GetParam(), ".db"), "catalog.db");
    Copy("run_1.db", "runs/su/succeeded.db");
    Copy("run_1_of_a_running_run.db", "runs/ru/running.db");
    if (HasFacts()) {
      Copy("capture_1.db", "runs/su/succeeded.captured.db");
      Copy("question_set.txt", "question_sets/" + Sha256Hex(kQuestions));
    }
    Open();
  }
  void TearDown() override {
    storage_ = Storage();
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      if (entry.path().extension() != ".db") continue;
      SQLite::Database database(entry.path().string(), SQLite::OPEN_READWRITE);
      EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok") << entry.path();
      SQLite::Statement broken(database, "PRAGMA foreign_key_check");
      EXPECT_FALSE(broken.executeStep()) << entry.path();
    }
  }

  void Open() {
    storage_ = Storage();
    absl::StatusOr<Storage> storage = OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real());
    ASSERT_TRUE(storage.ok()) << storage.status();
    storage_ = *std::move(storage);
    EXPECT_THAT(storage_.notes, IsEmpty());
  }
  Served Read() {
    Served served;
    const absl::Status status = storage_.catalog->Read([&](CatalogReader& reader) { return Serve(reader, &served); });
    EXPECT_TRUE(status.ok()) << status;
    return served;
  }
  std::string catalog() const { return folder_.path() + "/catalog.db"; }

  // What the catalog knew in the version.
  static bool HasFacts() { return GetParam() >= 2; }
  static bool HasRemovals() { return GetParam() >= 3; }
  static bool HasHeadlines() { return GetParam() >= 4; }
  static bool HasOrder() { return GetParam() >= 5; }

  const TempDirectory folder_;
  Storage storage_;

 private:
  void Copy(const std::string& from, const std::string& to) {
    const fs::path path = fs::path(folder_.path()) / to;
    fs::create_directories(path.parent_path());
    std::error_code error;
    fs::copy_file(kFiles / from, path, error);
    ASSERT_FALSE(error) << from << ": " << error.message();
  }
};

TEST_P(PastSchema_Test, OpenedThenItsTablesAreThoseOfANewCatalog) {
  constexpr char kTables[] =
      "SELECT group_concat(type || ' ' || name || ' ' || ifnull(sql, ''), char(10)) FROM (SELECT * FROM sqlite_schema "
      "ORDER BY type, name)";
  const TempDirectory other;
  ASSERT_TRUE(OpenSqliteStorage(other.path(), AnyTransition, Clock::Real()).ok());
  EXPECT_EQ(storage_.catalog->schema_version(), CatalogSchema().version());
  EXPECT_EQ(TextAt(catalog(), "PRAGMA user_version"), absl::StrCat(CatalogSchema().version()));
  EXPECT_EQ(TextAt(catalog(), kTables), TextAt(other.path() + "/catalog.db", kTables));
}

TEST_P(PastSchema_Test, OpenedThenRunsAndJobsAreServed) {
  const Served served = Read();
  EXPECT_THAT(served.runs,
              ElementsAre("imported|SUCCEEDED||0|1.0|", "lost|QUEUED|WORKER_LOST|0|2.1|",
                          "cancelled|CANCELLED|CANCEL_REQUESTED|0|1.0|",
                          "cancelling|CANCELLING|CANCEL_REQUESTED|0|1.1|", "starting|STARTING||0|1.1|",
                          "running|RUNNING||2|1.1|purpose=paper", "deleted|FAILED|NON_FINITE_LOSS|3|1.1||deleted",
                          "succeeded|SUCCEEDED||4|1.1|purpose=paper,seed=372001"));
  EXPECT_EQ(served.latest, "imported") << "made last, whatever the clock said";
  EXPECT_THAT(
      served.jobs,
      ElementsAre("succeeded/waits|QUEUED|PRIORITY||1.0", "running/|RUNNING||cpu0|1.1", "starting/|STARTING||cpu1|1.1",
                  "cancelling/|CANCELLING|CANCEL_REQUESTED|cpu2|1.1", "lost/|QUEUED|WORKER_LOST||2.1"));
  EXPECT_EQ(served.resource_of_request, "runs/succeeded");
  // Before version 5, times alone said what ended after what, and the clock had stepped back.
  EXPECT_THAT(served.ends, HasOrder() ? ElementsAre("imported", "cancelled", "succeeded")
                                      : ElementsAre("cancelled", "succeeded", "imported"));
}

TEST_P(PastSchema_Test, OpenedThenEventsAreServedFromWherePruningLeftThem) {
  const Served served = Read();
  EXPECT_THAT(
      served.events,
      HasOrder() ? ElementsAre("QUEUED|RESOURCES|1.0|0", "STARTING||1.1|0", "RUNNING||1.1|0", "QUEUED|WORKER_LOST|2.1|")
                 : ElementsAre("QUEUED|RESOURCES|1.0|", "STARTING||1.1|", "RUNNING||1.1|", "QUEUED|WORKER_LOST|2.1|"));
  EXPECT_EQ(served.expired, "RESUME_TOKEN_EXPIRED");
}

TEST_P(PastSchema_Test, OpenedThenAnalysesAndWhatTheyFoundAreServed) {
  const Served served = Read();
  EXPECT_TRUE(served.finds_analysis_by_key);
  if (!HasFacts()) {
    EXPECT_THAT(served.analyses, ElementsAre("runs/running/analyses/early|evaluate|SUCCEEDED",
                                             "runs/succeeded/analyses/waits|evaluate|QUEUED",
                                             "runs/succeeded/analyses/evaluated|evaluate|SUCCEEDED"));
    EXPECT_THAT(served.facts, IsEmpty());
    EXPECT_THAT(served.question_sets, IsEmpty());
    return;
  }
  EXPECT_THAT(served.analyses, ElementsAre("runs/running/analyses/early|evaluate|SUCCEEDED",
                                           "runs/deleted/analyses/mapped|useful_nodes|SUCCEEDED",
                                           "runs/succeeded/analyses/waits|evaluate|QUEUED",
                                           "runs/succeeded/analyses/looked|cascades|SUCCEEDED",
                                           "runs/succeeded/analyses/uploaded|evaluate|SUCCEEDED",
                                           "runs/succeeded/analyses/captured|capture|SUCCEEDED",
                                           "runs/succeeded/analyses/mapped|useful_nodes|SUCCEEDED",
                                           "runs/succeeded/analyses/evaluated|evaluate|SUCCEEDED"));
  EXPECT_THAT(served.facts,
              ElementsAre("runs/succeeded|P7L0H0|Algo:A2.SC|A2.SC|mapped", "runs/succeeded|P7L0MLP|Impact:A2||mapped"))
      << "those of the deleted run are hidden";
  EXPECT_THAT(served.facts_of_task, ElementsAre("runs/succeeded|P7L0H0|Algo:A2.SC|A2.SC|mapped"));
  EXPECT_THAT(served.question_sets, ElementsAre(Sha256Hex(kQuestions) + "|2|ada"));
}

TEST_P(PastSchema_Test, OpenedThenFiguresAndRemovalsAreServed) {
  const Served served = Read();
  if (HasHeadlines()) {
    EXPECT_THAT(served.figures, ElementsAre("running|0.5|1000|0|", "succeeded|0.75|1000|0|2 1"));
  } else {
    EXPECT_THAT(served.figures, IsEmpty());
  }
  if (HasRemovals()) {
    EXPECT_THAT(served.removals, testing::UnorderedElementsAre("purged||", "succeeded|removed|",
                                                               "||" + Sha256Hex("00+00\n").substr(0, 8)));
  } else {
    EXPECT_THAT(served.removals, IsEmpty());
  }
}

TEST_P(PastSchema_Test, GoneOnWithThenWhatIsNewComesAfterWhatWas) {
  const absl::Status status = storage_.catalog->Write(GoOn);
  ASSERT_TRUE(status.ok()) << status;
  Open();
  const Served served = Read();
  EXPECT_EQ(served.latest, "newest");
  EXPECT_THAT(served.runs, SizeIs(9));
  ASSERT_THAT(served.jobs, SizeIs(5));
  EXPECT_EQ(served.jobs.back(), "newest/|QUEUED|||1.0");
  EXPECT_EQ(served.events.back(), "CANCELLED||0.0|7");
  EXPECT_EQ(served.figures.back(), HasHeadlines() ? "succeeded|0.875|2000|0|2 1" : "succeeded|0.875|2000|0|");
  EXPECT_THAT(served.question_sets, SizeIs(HasFacts() ? 1 : 0)) << "an analysis names it";
}

TEST_P(PastSchema_Test, FilesBesideTheCatalogAreRead) {
  const auto file = storage_.run_files->Open("succeeded");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->GetRun()->state(), v1::SUCCEEDED);
  EXPECT_EQ((*file)->GetRun()->visibility(), v1::LAB) << "of before there was another";
  EXPECT_EQ(*(*file)->MetricSteps(Series::kTiming), 4u);
  EXPECT_THAT((*file)->ReadMetrics(Series::kDeterministic, 2, 10)->values(), ElementsAre(1.0 / 3, 0.5, 0.25, 0.5));
  const auto sets = (*file)->ListTensorSets(TensorSetKind::kWeights);
  ASSERT_TRUE(sets.ok()) << sets.status();
  ASSERT_THAT(*sets, SizeIs(2));
  EXPECT_EQ(sets->back().heldout_loss, 0.5);
  EXPECT_EQ((*file)->ReadTensorBytes(sets->back().id, 0, sets->back().data_bytes)->size(), sets->back().data_bytes);
  EXPECT_THAT(*(*file)->ListTensorSets(TensorSetKind::kResumeState), SizeIs(1));
  EXPECT_EQ((*file)->ListLog(0, 10)->back().checkpoint_step, 4u);
  EXPECT_THAT(*(*file)->ListAnalyses(), SizeIs(6));
  EXPECT_EQ((*file)->GetAnalysis("evaluated")->result().evaluate().exact().correct(), 750u);
  EXPECT_FALSE(fs::exists(folder_.path() + "/runs/su/succeeded.db-shm")) << "reading it makes no file beside it";
  if (!HasFacts()) return;
  const auto capture = storage_.captures->Open("succeeded", "captured");
  ASSERT_TRUE(capture.ok()) << capture.status();
  EXPECT_EQ(*(*capture)->Read(0, 16), "12345678abcdefgh");
  EXPECT_EQ(*storage_.question_set_texts->Get(Sha256Hex(kQuestions)), kQuestions);
}

// Its server died in the middle of a resume state.
TEST_P(PastSchema_Test, FileOfARunningRunGoesOnAndIsSealed) {
  const auto file = storage_.run_files->Open("running");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(*(*file)->DiscardUnfinishedTensorSets(), 1);
  EXPECT_THAT(*(*file)->ListTensorSets(TensorSetKind::kResumeState), IsEmpty());
  const absl::Status written = (*file)->Write([](RunFileTransaction& transaction) -> absl::Status {
    v1::MetricBlock block;
    block.set_first_step(2);
    block.set_count(1);
    block.add_columns("loss");
    block.add_columns("digit_loss.A0");
    block.add_values(0.125);
    block.add_values(0.5);
    std::optional<uint64_t> diverged;
    return transaction.AppendMetrics(Series::kDeterministic, block, &diverged);
  });
  ASSERT_TRUE(written.ok()) << written;
  EXPECT_THAT((*file)->ReadMetrics(Series::kDeterministic, 0, 10)->values(),
              ElementsAre(1.0, 0.5, 0.5, 0.5, 0.125, 0.5));
  ASSERT_TRUE((*file)->Seal().ok());
  EXPECT_THAT(*storage_.run_files->ListUnsealed(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Catalog, PastSchema_Test, testing::Range(1, CatalogSchema().version() + 1));

}  // namespace
}  // namespace sumscope::storage

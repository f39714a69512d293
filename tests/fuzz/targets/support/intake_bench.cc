#include "tests/fuzz/targets/support/intake_bench.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/state/job_states.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/support/worker_script.h"

namespace sumscope::fuzz {
namespace {

constexpr char kJob[] = "j1", kSlot[] = "cpu0";

// One for all inputs: to open it takes several times as long as an input does. Never deleted.
storage::Storage& SharedStorage() {
  static auto* const storage =
      new storage::Storage(*storage::OpenInMemoryStorage(jobs::IsLegalTransition, Clock::Real()));
  return *storage;
}

jobs::JobsOptions Options() {
  jobs::JobsOptions options;
  options.say = [](const std::string& text) { Require(false, "nothing makes the storage wait: " + text); };
  return options;
}

jobs::JobsParts Parts(workers::WorkerPool* pool, jobs::EventHub* hub, Clock* clock) {
  storage::Storage& storage = SharedStorage();
  return {storage.catalog.get(),
          storage.run_files.get(),
          storage.captures.get(),
          storage.question_set_texts.get(),
          pool,
          hub,
          clock,
          IdSource::Real()};
}

jobs::JobWithSubject QueuedJob(const ProtocolModel::Task& task, uint32_t attempt, absl::Time now) {
  const bool of_training = task.kind == ProtocolModel::Kind::kTraining;
  v1::TrainSpec spec;
  spec.set_steps(task.steps);
  jobs::JobWithSubject queued;
  queued.run.set_name(RunName(IntakeBench::kRun));
  *queued.run.mutable_spec() = CompleteSpec(spec);
  queued.run.set_state(of_training ? v1::QUEUED : v1::SUCCEEDED);
  queued.run.set_attempt(of_training ? attempt : 1);
  queued.job.id = kJob;
  queued.job.run = IntakeBench::kRun;
  queued.job.attempt = attempt;
  queued.job.segment = task.first_step > 0 ? 1 : 0;
  queued.job.create_time = now;
  if (of_training) {
    queued.run.set_job(JobName(kJob));
    return queued;
  }
  queued.job.analysis = IntakeBench::kAnalysis;
  queued.analysis.set_name(AnalysisName(IntakeBench::kRun, IntakeBench::kAnalysis));
  queued.analysis.set_analysis(task.question);
  queued.analysis.set_checkpoint(CheckpointName(IntakeBench::kRun, task.checkpoint_step));
  queued.analysis.set_state(v1::QUEUED);
  queued.analysis.set_job(JobName(kJob));
  queued.analysis.mutable_question_set()->mutable_uniform()->set_count(10);
  MutableKind(task.question, queued.analysis.mutable_request());
  return queued;
}

}  // namespace

IntakeBench::IntakeBench(const ProtocolModel::Task& task, const StoredModel& past, uint32_t attempt)
    : context_(Options(), Parts(&pool_, &hub_, &clock_)) {
  jobs::JobWithSubject queued = QueuedJob(task, attempt, clock_.Now());
  Write([&](storage::CatalogTransaction& transaction) {
    RequireOk(transaction.runs().Insert(queued.run), "the run's row");
    if (!queued.of_training()) RequireOk(transaction.analyses().Put(queued.analysis), "the analysis' row");
    RequireOk(transaction.jobs().Insert(&queued.job), "the job's row");
  });
  const bool is_first_start = queued.of_training() && queued.job.segment == 0;
  if (!is_first_start) MakeFile(queued, past);
  // As JobStarter does it.
  jobs::Assignment assignment = NextStart();
  file_ = assignment.file;
  queued.job.slot = kSlot;
  ChangeTo(v1::STARTING, &queued);
  intake_ = std::make_unique<jobs::TaskIntake>(&context_, kSlot, std::move(assignment));
}

IntakeBench::~IntakeBench() {
  intake_.reset();
  file_.reset();
  Remove();
}

void IntakeBench::Write(const std::function<void(storage::CatalogTransaction&)>& body) {
  const absl::Status written = context_.catalog->Write([&](storage::CatalogTransaction& transaction) {
    body(transaction);
    return absl::OkStatus();
  });
  RequireOk(written, "the catalog can be written");
}

void IntakeBench::MakeFile(const jobs::JobWithSubject& queued, const StoredModel& past) {
  const auto file = context_.run_files->Create(queued.run);
  RequireOk(file.status(), "the run's file");
  past.WriteInto(file->get());
  if (queued.of_training()) return;
  RequireOk((*file)->Write([&](auto& transaction) { return transaction.PutAnalysis(queued.analysis); }), "a question");
}

void IntakeBench::ChangeTo(v1::State state, jobs::JobWithSubject* target) {
  Write([&](storage::CatalogTransaction& transaction) {
    RequireOk(jobs::Change(transaction, clock_.Now(), target, state, "", ""), "a change of state");
  });
}

void IntakeBench::Cancel() {
  jobs::JobWithSubject target = Load();
  if (target.job.state != v1::STARTING && target.job.state != v1::RUNNING) return;
  ChangeTo(v1::CANCELLING, &target);
}

jobs::JobWithSubject IntakeBench::Load() {
  const auto target = jobs::ReadCatalog<jobs::JobWithSubject>(
      context_.catalog, [](auto& reader) { return jobs::LoadJobWithSubject(reader, kJob); });
  RequireOk(target.status(), "the rows can be read");
  return *target;
}

std::vector<storage::Event> IntakeBench::Events() {
  const auto events = jobs::ReadCatalog<std::vector<storage::Event>>(
      context_.catalog,
      [](storage::CatalogReader& reader) { return reader.events().List(storage::Viewer::Server(), kRun, 0, 100); });
  RequireOk(events.status(), "the events can be read");
  return *events;
}

std::vector<v1::NodeFact> IntakeBench::Facts() {
  storage::FactQuery query;
  query.page_size = 1000;
  const auto page = jobs::ReadCatalog<storage::FactPage>(context_.catalog, [&](storage::CatalogReader& reader) {
    return reader.facts().List(storage::Viewer::Server(), query);
  });
  RequireOk(page.status(), "the facts can be read");
  return page->facts;
}

jobs::Assignment IntakeBench::NextStart() {
  auto assignment = jobs::BuildAssignment(&context_, Load());
  RequireOk(assignment.status(), "the task can start");
  return *std::move(assignment);
}

void IntakeBench::Remove() {
  Write(
      [](storage::CatalogTransaction& transaction) { RequireOk(transaction.runs().Remove(kRun), "a run is removed"); });
  RequireOk(context_.run_files->Remove(kRun), "its files are removed");
  Write([](storage::CatalogTransaction& transaction) {
    RequireOk(transaction.removals().End({kRun, "", ""}), "its removal ends");
    const auto jobs = transaction.jobs().ListUnfinished(storage::Viewer::Server());
    const auto removals = transaction.removals().List();
    Require(jobs.ok() && jobs->empty() && removals.ok() && removals->empty(), "a run that is removed leaves nothing");
  });
  const auto captures = context_.captures->UsedBytes();
  Require(captures.ok() && *captures == 0, "a run that is removed leaves no capture");
}

}  // namespace sumscope::fuzz

#ifndef SUMSCOPE_TESTS_SERVER_JOBS_JOBS_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_JOBS_FIXTURE_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "server/jobs/state/event_hub.h"
#include "server/jobs/state/job_states.h"
#include "storage/catalog/actor.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/server/jobs/fake_worker_pool.h"
#include "tests/server/jobs/faulty_storage.h"
#include "tests/server/jobs/messages.h"

namespace sumscope::jobs {

// Who asks in these tests.
inline storage::Actor Ada() { return storage::Actor(storage::Viewer::User("ada"), nullptr); }

// The machine's clocks, whose wall clock a test sets forward or back, and which it moves on together.
class JumpingClock final : public Clock {
 public:
  absl::Time Now() override { return Clock::Real()->Now() + absl::Nanoseconds(offset_.load()); }
  absl::Duration Monotonic() override {
    return Clock::Real()->Monotonic() + absl::Nanoseconds(passed_ += between_looks_.load());
  }
  void Jump(absl::Duration by) { offset_ += absl::ToInt64Nanoseconds(by); }
  void Pass(absl::Duration by) {
    Jump(by);
    passed_ += absl::ToInt64Nanoseconds(by);
  }
  // As on a machine so busy that so much passes between any two looks at the clock.
  void PassBetweenLooks(absl::Duration by) { between_looks_ = absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> offset_{0}, passed_{0}, between_looks_{0};
};

// A server's jobs over storage in memory, or what a test gives, with a pool of workers that the test plays. Boot starts
// a server; a second Boot is the start after a crash: the first one's storage stays as it was.
class JobsFixture : public testing::Test {
 protected:
  static constexpr char kSlot[] = "cpu0";

  JobsFixture() : JobsFixture(*storage::OpenInMemoryStorage(IsLegalTransition, Clock::Real())) {}
  explicit JobsFixture(storage::Storage storage)
      : storage_(std::move(storage)), catalog_(storage_.catalog.get()), files_(storage_.run_files.get()) {}
  ~JobsFixture() override { Crash(); }

  std::vector<std::string> Boot() {
    Crash();
    hub_ = std::make_unique<EventHub>();
    pool_ = std::make_unique<FakeWorkerPool>();
    JobsOptions options;
    options.group_commit_delay = absl::Milliseconds(1);
    options.capture_limit_bytes = capture_limit_;
    options.housekeeping_look = housekeeping_look_;
    options.shares = shares_;
    options.charge_interval = charge_interval_;
    options.yield_to_foreign = yield_to_foreign_;
    options.told_to_end = [this] { return told_to_end_.load(); };
    options.free_disk_bytes = [this] { return free_disk_.load(); };
    manager_ =
        JobManager::Create(options, {&catalog_, &files_, storage_.captures.get(), storage_.question_set_texts.get(),
                                     pool_.get(), hub_.get(), &clock_, IdSource::Real(), reserve_, devices_});
    const auto repairs = manager_->Recover();
    EXPECT_TRUE(repairs.ok()) << repairs.status();
    EXPECT_TRUE(manager_->Start().ok());
    return repairs.ok() ? *repairs : std::vector<std::string>();
  }
  // As a server that is killed: it hears nothing of its workers' end.
  void Crash() {
    if (pool_ != nullptr) pool_->FallSilent();
    manager_.reset();
  }

  static v1::TrainSpec Spec(uint64_t steps = 4) {
    v1::TrainSpec spec;
    spec.set_n_digits(2);
    spec.set_steps(steps);
    return CompleteSpec(spec);
  }
  v1::Run Create(const std::string& id = "", uint64_t steps = 4) {
    absl::StatusOr<v1::Run> run = manager_->runs().Create(Ada(), {}, id, Spec(steps), {});
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? *run : v1::Run();
  }
  static std::string Id(const std::string& name) { return name.substr(name.rfind('/') + 1); }

  v1::Run Get(const std::string& run) {
    v1::Run found;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      auto row = reader.runs().Get(storage::Viewer::Server(), run);
      if (row.ok()) found = *row;
      return row.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  }
  storage::Job GetJob(const std::string& run) {
    storage::Job job;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      auto row = reader.jobs().GetTraining(storage::Viewer::Server(), run);
      if (row.ok()) job = *row;
      return row.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return job;
  }
  std::vector<storage::Event> Events(const std::string& run) {
    std::vector<storage::Event> events;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      auto rows = reader.events().List(storage::Viewer::Server(), run, 0, 1000);
      if (rows.ok()) events = *rows;
      return rows.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return events;
  }
  std::vector<v1::State> States(const std::string& run) {
    std::vector<v1::State> states;
    for (const storage::Event& event : Events(run)) states.push_back(event.change.state());
    return states;
  }
  v1::Analysis GetAnalysis(const std::string& run, const std::string& analysis) {
    v1::Analysis found;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      auto row = reader.analyses().Get(storage::Viewer::Server(), run, analysis);
      if (row.ok()) found = *row;
      return row.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  }
  std::shared_ptr<storage::RunFile> File(const std::string& run) {
    auto file = storage_.run_files->Open(run);
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *file : nullptr;
  }
  std::vector<std::string> LogTexts(const std::string& run) {
    std::vector<std::string> texts;
    const auto log = File(run)->ListLog(0, 1000);
    EXPECT_TRUE(log.ok());
    for (const storage::LogEntry& entry : *log) texts.push_back(entry.severity + " " + entry.text);
    return texts;
  }

  // Waits, woken by the hub, until `condition` holds.
  bool WaitUntil(const std::string& run, const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + FakeWorkerPool::kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      const uint64_t seen = hub_->Version(run);
      if (condition()) return true;
      hub_->WaitForChange(run, seen, std::chrono::milliseconds(1000));
    }
    return false;
  }
  bool WaitForState(const std::string& run, v1::State state) {
    return WaitUntil(run, [&] { return Get(run).state() == state; });
  }
  bool WaitForAnalysis(const std::string& run, const std::string& analysis, v1::State state) {
    return WaitUntil(run, [&] { return GetAnalysis(run, analysis).state() == state; });
  }

  // The next task, and the start that its worker reports.
  FakeWorkerPool::Given NextTask() {
    FakeWorkerPool::Given given;
    EXPECT_TRUE(pool_->WaitForTask(&given));
    return given;
  }
  FakeWorkerPool::Given StartNext() {
    FakeWorkerPool::Given given = NextTask();
    Message started = Started();
    started.mutable_started()->set_first_step(given.task.train().first_step());
    const uint64_t sequence = pool_->Send(given.slot, started);
    EXPECT_TRUE(pool_->WaitForAcknowledged(given.task.task_id(), sequence));
    return given;
  }
  uint64_t SendSet(worker::v1::TensorSetKind kind, uint64_t step, const std::string& bytes = "12345678",
                   double heldout_loss = -1) {
    pool_->Send(kSlot, SetBegin(kind, step));
    pool_->Send(kSlot, Chunk(bytes));
    return pool_->Send(kSlot, SetEnd(heldout_loss));
  }
  // Everything that a run's success needs, from step `first` on.
  void SendWholeTraining(uint64_t first = 0, uint64_t steps = 4) {
    pool_->Send(kSlot, Metrics(first, static_cast<uint32_t>(steps - first)));
    pool_->Send(kSlot, Timing(first, static_cast<uint32_t>(steps - first), 100));
    SendSet(worker::v1::WEIGHTS, steps, "weights!", 0.25);
    SendSet(worker::v1::RESUME_STATE, steps);
  }
  // A run that has succeeded.
  std::string Trained() {
    const std::string id = Id(Create().name());
    pool_->Idle(kSlot);
    StartNext();
    SendWholeTraining();
    pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
    EXPECT_TRUE(WaitForState(id, v1::SUCCEEDED));
    return id;
  }

  JumpingClock clock_;
  uint64_t capture_limit_ = 1'000'000;
  absl::Duration housekeeping_look_ = absl::Milliseconds(1);
  std::atomic<bool> told_to_end_{false};
  std::atomic<uint64_t> free_disk_{uint64_t{1} << 40};
  storage::DiskReserve* reserve_ = nullptr;
  SharePolicy shares_;
  absl::Duration charge_interval_ = limits::kChargeInterval;
  bool yield_to_foreign_ = false;
  DeviceGate* devices_ = nullptr;
  storage::Storage storage_;
  FaultyCatalog catalog_;
  FaultyRunFiles files_;
  std::unique_ptr<EventHub> hub_;
  std::unique_ptr<FakeWorkerPool> pool_;
  std::unique_ptr<JobManager> manager_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_JOBS_FIXTURE_H_

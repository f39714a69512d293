#ifndef SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_INTAKE_BENCH_H_
#define SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_INTAKE_BENCH_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/jobs/intake/task_intake.h"
#include "server/jobs/state/context.h"
#include "server/jobs/tasks/task_builder.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/fuzz/targets/support/protocol_model.h"
#include "tests/fuzz/targets/support/stored_model.h"

namespace sumscope::fuzz {

// Hears what the intake says to a worker.
class HearingPool final : public workers::WorkerPool {
 public:
  absl::Status Start(workers::WorkerListener* /*listener*/) override { return absl::OkStatus(); }
  absl::Status Assign(const std::string& /*slot*/, const worker::v1::Task& /*task*/,
                      std::optional<workers::TaskTensors> /*tensors*/) override {
    return absl::OkStatus();
  }
  void Acknowledge(const std::string& /*slot*/, const std::string& /*task_id*/, uint64_t sequence) override {
    acknowledged_ = sequence;
  }
  void Cancel(const std::string& /*slot*/, const std::string& /*task_id*/) override { cancelled_ = true; }
  void Stop(const std::string& /*slot*/, const std::string& /*task_id*/, absl::Duration /*grace*/) override {}
  void Restart(const std::string& /*slot*/, const std::string& /*why*/) override {}
  std::vector<v1::Slot> Slots() const override { return {}; }
  std::string WhyNoWorker() const override { return ""; }
  void Shutdown() override {}

  uint64_t acknowledged() const { return acknowledged_; }  // the last one
  bool cancelled() const { return cancelled_; }

 private:
  uint64_t acknowledged_ = 0;
  bool cancelled_ = false;
};

// Moves on by a millisecond whenever it is asked.
class TickingClock final : public Clock {
 public:
  absl::Time Now() override { return absl::FromUnixSeconds(1'700'000'000) + Monotonic(); }
  absl::Duration Monotonic() override { return passed_ += absl::Milliseconds(1); }

 private:
  absl::Duration passed_;
};

// A task that a server has just given to a worker: its rows and its file in storage in memory, and the intake of what
// the worker says. A wait for storage is a broken property: nothing but a message can be its reason. Leaves storage as
// it was. Thread-compatible.
class IntakeBench {
 public:
  static constexpr char kRun[] = "r1", kAnalysis[] = "a1";

  IntakeBench(const ProtocolModel::Task& task, const StoredModel& past, uint32_t attempt);
  ~IntakeBench();
  IntakeBench(const IntakeBench&) = delete;
  IntakeBench& operator=(const IntakeBench&) = delete;

  jobs::TaskIntake& intake() { return *intake_; }
  const HearingPool& pool() const { return pool_; }
  jobs::EventHub& hub() { return hub_; }
  storage::CaptureFiles& captures() { return *context_.captures; }
  storage::RunFile* file() { return file_.get(); }

  // What a user and the server do meanwhile.
  void Cancel();
  void Drain() { context_.draining = true; }

  jobs::JobWithSubject Load();
  std::vector<storage::Event> Events();
  std::vector<v1::NodeFact> Facts();
  // What the job's next start would be.
  jobs::Assignment NextStart();

 private:
  void Write(const std::function<void(storage::CatalogTransaction&)>& body);
  void MakeFile(const jobs::JobWithSubject& queued, const StoredModel& past);
  void ChangeTo(v1::State state, jobs::JobWithSubject* target);
  void Remove();

  TickingClock clock_;
  HearingPool pool_;
  jobs::EventHub hub_;
  jobs::Context context_;
  std::shared_ptr<storage::RunFile> file_;  // shared with the intake
  std::unique_ptr<jobs::TaskIntake> intake_;
};

}  // namespace sumscope::fuzz

#endif  // SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_INTAKE_BENCH_H_

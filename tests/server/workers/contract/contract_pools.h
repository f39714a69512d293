#ifndef SUMSCOPE_TESTS_SERVER_WORKERS_CONTRACT_CONTRACT_POOLS_H_
#define SUMSCOPE_TESTS_SERVER_WORKERS_CONTRACT_CONTRACT_POOLS_H_

#include <signal.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/server/jobs/fake_worker_pool.h"
#include "tests/server/workers/pool_harness.h"

namespace sumscope::workers {

// A pool under the contract suite: slots cpu0 and cpu1, whose workers keep every task until they are told, and a
// listener that acknowledges all it hears.
class ContractPool {
 public:
  virtual ~ContractPool() = default;
  // Starts the pool; its workers come by themselves.
  virtual absl::Status Start() = 0;
  virtual WorkerPool& pool() = 0;
  virtual RecordingListener& listener() = 0;
  // The worker of `slot` finishes its task. Nothing after Shutdown.
  virtual void FinishTask(const std::string& slot, const std::string& task_id) = 0;
  // The worker does what Cancel, or Stop, has asked of it.
  virtual void ObeyCancel(const std::string& slot, const std::string& task_id) = 0;
  virtual void ObeyStop(const std::string& slot, const std::string& task_id) = 0;
  virtual void KillWorker(const std::string& slot) = 0;
  // Waits for a task with tensors; how many bytes of them its worker has got.
  virtual uint64_t TensorBytes() = 0;
};

// Processes of tests/support/fake_worker.cc.
class LocalContractPool final : public ContractPool {
 public:
  LocalContractPool() : harness_({"--behaviour=hold"}) {
    harness_.options().slots = {{"cpu0", "cpu", 1}, {"cpu1", "cpu", 1}};
    harness_.options().limits.cancel_grace = absl::Seconds(60);  // they obey
  }
  absl::Status Start() override { return harness_.Start(); }
  WorkerPool& pool() override { return harness_.pool(); }
  RecordingListener& listener() override { return harness_.listener(); }

  // Such a worker ends its task when it is asked to give it back.
  void FinishTask(const std::string& slot, const std::string& task_id) override {
    pool().Stop(slot, task_id, absl::Seconds(60));
  }
  void ObeyCancel(const std::string& /*slot*/, const std::string& /*task_id*/) override {}
  void ObeyStop(const std::string& /*slot*/, const std::string& /*task_id*/) override {}
  void KillWorker(const std::string& slot) override {
    for (const v1::Slot& described : pool().Slots()) {
      if (described.name() != slot) continue;
      ASSERT_GT(described.worker_pid(), 0);
      kill(static_cast<pid_t>(described.worker_pid()), SIGKILL);
    }
  }
  uint64_t TensorBytes() override {
    uint64_t bytes = 0;
    EXPECT_TRUE(listener().Await("log"));
    // "received N bytes"
    const std::vector<std::string> words = absl::StrSplit(listener().Last("log").message.log().text(), ' ');
    EXPECT_TRUE(words.size() == 3 && absl::SimpleAtoi(words[1], &bytes));
    return bytes;
  }

 private:
  PoolHarness harness_;
};

// The pool that tests of server/jobs play.
class FakeContractPool final : public ContractPool {
 public:
  absl::Status Start() override {
    listener_.set_pool(&pool_);
    const absl::Status started = pool_.Start(&listener_);
    for (const char* slot : {"cpu0", "cpu1"}) pool_.Idle(slot);
    return started;
  }
  WorkerPool& pool() override { return pool_; }
  RecordingListener& listener() override { return listener_; }

  void FinishTask(const std::string& slot, const std::string& /*task_id*/) override {
    pool_.Finish(slot, End(worker::v1::Finished::DONE));
  }
  void ObeyCancel(const std::string& slot, const std::string& task_id) override {
    EXPECT_TRUE(pool_.WaitForCancel(task_id));
    pool_.Finish(slot, End(worker::v1::Finished::CANCELLED));
  }
  void ObeyStop(const std::string& slot, const std::string& task_id) override {
    EXPECT_TRUE(pool_.WaitForStop(task_id));
    pool_.Finish(slot, End(worker::v1::Finished::STOPPED));
  }
  void KillWorker(const std::string& slot) override { pool_.Lose(slot); }
  uint64_t TensorBytes() override {
    jobs::FakeWorkerPool::Given given;
    EXPECT_TRUE(pool_.WaitForTask(&given));
    return given.tensor_bytes.size();
  }

 private:
  static worker::v1::Finished End(worker::v1::Finished::Outcome outcome) {
    worker::v1::Finished finished;
    finished.set_outcome(outcome);
    return finished;
  }

  RecordingListener listener_;
  jobs::FakeWorkerPool pool_;  // goes before what it calls
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_TESTS_SERVER_WORKERS_CONTRACT_CONTRACT_POOLS_H_

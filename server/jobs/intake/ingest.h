#ifndef SUMSCOPE_SERVER_JOBS_INTAKE_INGEST_H_
#define SUMSCOPE_SERVER_JOBS_INTAKE_INGEST_H_

#include <map>
#include <memory>
#include <string>
#include <thread>

#include "server/jobs/intake/inbox.h"
#include "server/jobs/intake/task_intake.h"
#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// Hears of idle slots and of ends of tasks, from ingest threads, in order per slot.
class SlotObserver {
 public:
  virtual ~SlotObserver() = default;
  // The slot can take a task; what its last one sent is committed.
  virtual void SlotIdle(const std::string& slot) = 0;
  // The task's end is recorded; `job` as it is now, or why it could not be recorded. `refused`: what it sent could not
  // be stored for now.
  virtual void TaskOver(const std::string& job_id, const absl::StatusOr<storage::Job>& job, bool refused) = 0;
};

// The ear of the job manager: one bounded inbox and one thread per slot. Never blocks a slot for another. Thread-safe.
class Ingest : public workers::WorkerListener {
 public:
  // `context` and `observer` outlive it.
  Ingest(Context* context, SlotObserver* observer) : context_(context), observer_(observer) {}
  ~Ingest() override { Close(); }

  // Expects messages of this task from now on; to be called before the pool gets it.
  void Expect(const std::string& slot, Assignment assignment);
  // The pool did not take the task.
  void Forget(const std::string& slot, const std::string& task_id);
  // Takes in what came, then ends the threads. Nothing is heard afterwards.
  void Close();
  // For logs and debuggers: each slot's tasks, and what waits to be taken in.
  std::string DebugString();

  void OnIdle(const std::string& slot) override;
  void OnMessage(const std::string& slot, worker::v1::WorkerMessage message) override;
  void OnNote(const std::string& slot, const std::string& task_id, const std::string& severity,
              const std::string& text) override;
  void OnLost(const std::string& slot, const std::string& task_id, const std::string& reason,
              const std::string& detail) override;

 private:
  struct Slot {
    Slot(std::string slot_name, Context* context);
    const std::string name;
    Inbox inbox;
    std::thread thread;
    Mutex mutex;
    // By task_id. Shared between the thread that works with them and Forget.
    std::map<std::string, std::shared_ptr<TaskIntake>> tasks ABSL_GUARDED_BY(mutex);
  };
  // Null after Close.
  Slot* GetSlot(const std::string& name);
  // Null when the slot has no such task, or no longer.
  static std::shared_ptr<TaskIntake> FindTask(Slot* slot, const std::string& task_id);
  void Push(const std::string& slot, InboxItem item);
  void Run(Slot* slot);
  void Handle(Slot* slot, std::vector<InboxItem>* group);
  void End(Slot* slot, const TaskIntake& task, const absl::StatusOr<storage::Job>& recorded);

  Context* const context_;
  SlotObserver* const observer_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<Slot>> slots_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_INTAKE_INGEST_H_

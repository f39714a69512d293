#ifndef SUMSCOPE_SERVER_JOBS_INTAKE_STORAGE_PATIENCE_H_
#define SUMSCOPE_SERVER_JOBS_INTAKE_STORAGE_PATIENCE_H_

#include <functional>
#include <memory>
#include <string>

#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// Makes a running job wait where its storage refuses for now: a full disk, a file in use, no descriptors, no memory.
// What was computed so far is worth more than the wait. The job says so while it lasts (its state's reason and detail,
// Context::storage_waits, the server's log), and in the log of its run afterwards. Its worker waits too, because
// nothing is acknowledged. Confined to its slot's ingest thread.
class StoragePatience {
 public:
  struct Who {
    std::string slot, job, run, analysis;
  };
  // `file` may be null.
  StoragePatience(Context* context, Who who, std::shared_ptr<storage::RunFile> file)
      : context_(context), who_(std::move(who)), file_(std::move(file)) {}

  // Calls `body` until it returns OK or an error that stays. Gives up, with an error that Passes, after
  // limits::kStorageWait, with an analysis after minutes, shortly after a drain began, and at once when the job was
  // told to end or the server goes.
  absl::Status Outlast(const std::function<absl::Status()>& body);

  // Whether an error is waited for; one that nobody has a name for, and a file that is gone, only a minute.
  static bool Passes(const absl::Status& status);
  // Whether it was nobody's failure after all the waiting: the job may try again from the queue.
  static bool MayTryAgain(const absl::Status& status);

 private:
  bool ToldToEnd() const;
  // Not where a disk that was full has only what the reserve gave back: that is for what ends and frees.
  bool HasRoom(const absl::Status& status) const;
  // How long an error is waited for.
  absl::Duration LimitOf(const absl::Status& status) const;
  void Show(const absl::Status& status);
  void Hide(const absl::Status& was, absl::Duration waited, bool over);
  // Writes why the job waits into its row; best effort.
  void SetReason(const std::string& reason, const std::string& detail);

  Context* const context_;
  const Who who_;
  const std::shared_ptr<storage::RunFile> file_;  // shared with readers
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_INTAKE_STORAGE_PATIENCE_H_

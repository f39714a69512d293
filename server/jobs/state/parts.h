#ifndef SUMSCOPE_SERVER_JOBS_STATE_PARTS_H_
#define SUMSCOPE_SERVER_JOBS_STATE_PARTS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/random_ids.h"
#include "proto/contract/limits.h"
#include "server/jobs/scheduling/policy/share_policy.h"
#include "server/jobs/state/device_gate.h"
#include "server/jobs/state/event_hub.h"
#include "server/workers/worker_pool.h"
#include "storage/capture_file.h"
#include "storage/catalog/catalog.h"
#include "storage/disk_reserve.h"
#include "storage/question_sets.h"
#include "storage/run_file.h"

namespace sumscope::jobs {

struct JobsOptions {
  double resume_interval_seconds = 60;
  std::string version, git_hash;
  // How long what workers send may wait for more before it is committed.
  absl::Duration group_commit_delay = limits::kGroupCommitDelay;
  uint64_t capture_limit_bytes = uint64_t{20} << 30;  // that all captures may take together
  std::function<uint64_t()> free_disk_bytes;          // of the data directory's file system; null: without bound
  std::function<void(const std::string& text)> say;   // a line for the server's log; null: none
  // Whether the process was told to end while it starts: what can wait does; null: never.
  std::function<bool()> told_to_end;
  // How often the clock is asked whether the daily housekeeping is due.
  absl::Duration housekeeping_look = limits::kHousekeepingLook;
  SharePolicy shares;  // valid
  // Whether a training gives way when somebody from outside comes to use its device.
  bool yield_to_foreign = false;
  absl::Duration charge_interval = limits::kChargeInterval;
};

// What the manager works with. Borrowed: all of it outlives the manager and is thread-safe.
struct JobsParts {
  storage::Catalog* catalog;
  storage::RunFiles* run_files;
  storage::CaptureFiles* captures;
  storage::QuestionSetTexts* question_sets;
  workers::WorkerPool* pool;
  EventHub* hub;
  Clock* clock;
  IdSource* ids;
  storage::DiskReserve* reserve = nullptr;  // null: none
  DeviceGate* devices = nullptr;            // null: every device is open
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_PARTS_H_

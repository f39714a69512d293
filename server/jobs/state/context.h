#ifndef SUMSCOPE_SERVER_JOBS_STATE_CONTEXT_H_
#define SUMSCOPE_SERVER_JOBS_STATE_CONTEXT_H_

#include <atomic>
#include <functional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/rates/predictor.h"
#include "server/jobs/segments/asked_stops.h"
#include "server/jobs/segments/metering.h"
#include "server/jobs/state/capture_room.h"
#include "server/jobs/state/ended_jobs.h"
#include "server/jobs/state/parts.h"
#include "server/jobs/state/run_locks.h"
#include "server/jobs/state/waits/interrupt.h"
#include "server/jobs/state/waits/storage_waits.h"

namespace sumscope::jobs {

// What every part of the job manager works with. Owned by the manager.
struct Context : JobsParts {
  Context(const JobsOptions& with_options, const JobsParts& parts)
      : JobsParts(parts),
        options(with_options),
        capture_room(catalog, captures, options.capture_limit_bytes, options.free_disk_bytes),
        predictor(
            catalog, [this] { return pool->Slots(); }, clock),
        metering(catalog, clock, options.shares.half_life, options.shares.low_charge) {}

  const JobsOptions options;
  CaptureRoom capture_room;
  Predictor predictor;  // of how long work takes; learns from what ends
  Metering metering;
  AskedStops asked_stops;
  Interrupt interrupt;                // set at the end of a drain: what still retries gives up
  std::atomic<bool> draining{false};  // a task that ends now because it was asked to is no failure
  jobs::StorageWaits storage_waits;
  EndedJobs ended;
  RunLocks descriptions;  // of a run: held while its file's description is read, changed and written
  // Held while the text of a question set comes or goes, with its row.
  Mutex uploads;
  // Ended runs whose files could not be sealed, because another program had them open: the housekeeping tries again.
  Mutex unsealed_mutex;
  std::set<std::string> unsealed ABSL_GUARDED_BY(unsealed_mutex);

  // Whether the server goes: loops over files, each of which may take seconds, end here.
  bool Ending() { return interrupt.IsSet() || (options.told_to_end && options.told_to_end()); }
  void Say(const std::string& text) const {
    if (options.say) options.say(text);
  }
};

// Catalog::Read and Write with a value.
template <typename Value>
absl::StatusOr<Value> ReadCatalog(storage::Catalog* catalog,
                                  const std::function<absl::StatusOr<Value>(storage::CatalogReader&)>& body) {
  absl::StatusOr<Value> value = absl::InternalError("not read");
  const absl::Status status = catalog->Read([&](storage::CatalogReader& reader) {
    value = body(reader);
    return value.status();
  });
  if (!status.ok()) return status;
  return value;
}
template <typename Value>
absl::StatusOr<Value> WriteCatalog(storage::Catalog* catalog, const storage::Actor& actor,
                                   const std::function<absl::StatusOr<Value>(storage::CatalogTransaction&)>& body) {
  absl::StatusOr<Value> value = absl::InternalError("not written");
  const absl::Status status = catalog->Write(actor, [&](storage::CatalogTransaction& transaction) {
    value = body(transaction);
    return value.status();
  });
  if (!status.ok()) return status;
  return value;
}

// Whether an error of storage may go away: a full disk, a busy or failing device. Not one that says no.
bool MayPass(const absl::Status& status);

// Calls `body`, which ends something or frees room; once more, with a piece of the reserve given back, when the disk is
// full.
absl::Status WithReserve(Context* context, const std::function<absl::Status()>& body);

// Calls `body` until it returns OK or an error that stays, backing off between 50 ms and 5 s, at most `tries` times.
// Gives up when `context->interrupt` is set.
absl::Status Retry(Context* context, int tries, const std::function<absl::Status()>& body);
inline constexpr int kUntilInterrupted = 1 << 30;

// DISK_FULL, RUN_FILE_CORRUPT, the status' own reason or STORAGE_ERROR.
std::string StorageReason(const absl::Status& status);

// runs/{run} or runs/{run}/analyses/{analysis}.
std::string AnalysisOrRunName(const std::string& run, const std::string& analysis);

// Cuts `text` to limits::kMaxLogTextBytes, at a character.
std::string Bounded(absl::string_view text);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_CONTEXT_H_

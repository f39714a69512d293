#include "server/jobs/intake/storage_patience.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/base/back_off.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/state/transitions.h"

namespace sumscope::jobs {
namespace {

constexpr absl::Duration kFirstDelay = absl::Milliseconds(50);
constexpr absl::Duration kLongestDelay = absl::Seconds(5);
// Errors that nobody has a name for are hardly ever passing ones; and a file that is gone is seldom back.
constexpr absl::Duration kUnknownWait = absl::Minutes(1);
// An answer is computed again in seconds or minutes; meanwhile others can use the slot.
constexpr absl::Duration kAnalysisWait = absl::Minutes(2);
// What a drain has to spare: the end of the task must be recorded within its grace.
constexpr absl::Duration kDrainWait = absl::Seconds(5);

// Of a disk that was full and has less free than the reserve lacks.
absl::Status NeedsRoom(uint64_t bytes) {
  constexpr uint64_t kKiB = 1024;
  return MakeError(absl::StatusCode::kResourceExhausted, reasons::kDiskFull,
                   absl::StrCat("it goes on when its file system has more than ", (bytes + kKiB - 1) / kKiB,
                                " KiB free: so much the reserve lacks, from which cancels and deletes are written"));
}

}  // namespace

bool StoragePatience::MayTryAgain(const absl::Status& status) {
  const bool named = absl::IsResourceExhausted(status) || absl::IsUnavailable(status) || absl::IsAborted(status);
  return named && Passes(status);
}

bool StoragePatience::Passes(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  // A file that was moved away may be on its way back.
  return (MayPass(status) && reason != "CAPTURE_TOO_LARGE") || reason == "RUN_FILE_NOT_FOUND";
}

bool StoragePatience::ToldToEnd() const {
  if (context_->interrupt.IsSet()) return true;
  const absl::StatusOr<storage::Job> job = ReadCatalog<storage::Job>(
      context_->catalog, [&](auto& reader) { return reader.jobs().Get(storage::Viewer::Server(), who_.job); });
  return job.ok() && job->state != v1::STARTING && job->state != v1::RUNNING;
}

absl::Duration StoragePatience::LimitOf(const absl::Status& status) const {
  if (context_->draining) return kDrainWait;
  if (!MayTryAgain(status)) return kUnknownWait;
  return who_.analysis.empty() ? limits::kStorageWait : kAnalysisWait;
}

bool StoragePatience::HasRoom(const absl::Status& status) const {
  if (StorageReason(status) != reasons::kDiskFull || context_->reserve == nullptr) return true;
  return !context_->options.free_disk_bytes || context_->options.free_disk_bytes() > context_->reserve->Missing();
}

absl::Status StoragePatience::Outlast(const std::function<absl::Status()>& body) {
  absl::Status status = body();
  if (status.ok() || !Passes(status)) return status;
  const absl::Duration start = context_->clock->Monotonic();
  const absl::Status first = status;
  Show(first);
  uint64_t shown = 0;  // what must be free, of the reason that people see
  for (int tries = 1; Passes(status) && context_->clock->Monotonic() - start < LimitOf(status); ++tries) {
    const absl::Duration delay = BackOffDelay(tries, kFirstDelay, kLongestDelay);
    const uint64_t version = context_->hub->Version(who_.run);
    if (ToldToEnd()) break;
    context_->hub->WaitForChange(who_.run, version, absl::ToChronoMilliseconds(delay));  // woken by a cancel
    if (HasRoom(status)) {
      status = body();
    } else if (const uint64_t wanted = context_->reserve->Missing(); wanted != shown) {
      shown = wanted;
      Show(NeedsRoom(wanted));
    }
  }
  Hide(first, context_->clock->Monotonic() - start, status.ok());
  return status;
}

void StoragePatience::Show(const absl::Status& status) {
  const std::string reason = StorageReason(status);
  const std::string detail = absl::StrCat("waits, with what was computed, for storage: ", status.message());
  context_->storage_waits.Set({who_.slot, who_.run, who_.analysis, reason, detail});
  context_->Say(absl::StrCat(AnalysisOrRunName(who_.run, who_.analysis), " ", detail));
  SetReason(reason, detail);
}

void StoragePatience::Hide(const absl::Status& was, absl::Duration waited, bool over) {
  context_->storage_waits.Clear(who_.slot);
  SetReason("", "");
  const std::string text = absl::StrCat(over ? "went on after " : "gave up after ",
                                        absl::FormatDuration(absl::Ceil(waited, absl::Milliseconds(1))),
                                        " of waiting for storage: ", StorageReason(was), ": ", was.message());
  context_->Say(absl::StrCat(AnalysisOrRunName(who_.run, who_.analysis), " ", text));
  if (!over || file_ == nullptr) return;
  storage::LogEntry entry;
  entry.time = context_->clock->Now();
  entry.severity = "WARNING";
  entry.text = Bounded(text);
  file_->Write([&](storage::RunFileTransaction& transaction) { return transaction.AppendLog(entry).status(); })
      .IgnoreError();  // the server's log has it too
}

void StoragePatience::SetReason(const std::string& reason, const std::string& detail) {
  const absl::Status status = context_->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, who_.job));
    const v1::State now = target.job.state;
    const bool told = target.job.reason == reason && target.job.detail == detail;
    if ((now != v1::STARTING && now != v1::RUNNING) || told) return absl::OkStatus();
    return Change(transaction, context_->clock->Now(), &target, now, reason, detail);
  });
  if (status.ok()) context_->hub->Notify(who_.run);  // else Context::storage_waits says it alone
}

}  // namespace sumscope::jobs

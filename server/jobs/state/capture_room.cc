#include "server/jobs/state/capture_room.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::jobs {

absl::Status CaptureRoom::Check(uint64_t bytes) {
  MutexLock lock(&mutex_);
  return CheckBeside("", bytes);
}

absl::Status CaptureRoom::Take(const std::string& analysis, uint64_t bytes) {
  MutexLock lock(&mutex_);
  SUMSCOPE_RETURN_IF_ERROR(CheckBeside(analysis, bytes));
  announced_[analysis] = bytes;
  return absl::OkStatus();
}

void CaptureRoom::Announce(const std::string& analysis, uint64_t bytes) {
  MutexLock lock(&mutex_);
  announced_.emplace(analysis, bytes);  // its worker may already have said more exactly
}

void CaptureRoom::Release(const std::string& analysis) {
  MutexLock lock(&mutex_);
  announced_.erase(analysis);
}

absl::Status CaptureRoom::CheckBeside(const std::string& analysis, uint64_t bytes) {
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t used, captures_->UsedBytes());
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t announced, AnnouncedBeside(analysis));
  SUMSCOPE_RETURN_IF_ERROR(CheckDisk(bytes, announced));
  const uint64_t taken = used + announced;
  if (bytes <= limit_ && taken <= limit_ - bytes) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kResourceExhausted, "CAPTURE_TOO_LARGE",
      absl::StrCat("the capture takes ", bytes, " bytes; of the ", limit_,
                   " that captures may take, those on disk take ", used, " and those that wait or run ", announced,
                   ": capture fewer hooks, positions or questions, reduce them, or delete captures"),
      {{"bytes", absl::StrCat(bytes)},
       {"used_bytes", absl::StrCat(used)},
       {"announced_bytes", absl::StrCat(announced)},
       {"limit_bytes", absl::StrCat(limit_)}});
}

absl::Status CaptureRoom::CheckDisk(uint64_t bytes, uint64_t announced) const {
  if (!free_disk_) return absl::OkStatus();
  // What others announced may lie there in part already: then there is more room than this says.
  const uint64_t free = free_disk_(), kept = announced + limits::kMinFreeDiskBytes;
  if (free >= kept && bytes <= free - kept) return absl::OkStatus();
  return MakeError(absl::StatusCode::kResourceExhausted, "CAPTURE_TOO_LARGE",
                   absl::StrCat("the capture takes ", bytes, " bytes; the disk of the data directory has ", free,
                                " left, of which captures that wait or run take ", announced, " and the server keeps ",
                                limits::kMinFreeDiskBytes,
                                ": capture fewer hooks, positions or questions, reduce them, or free space"),
                   {{"bytes", absl::StrCat(bytes)},
                    {"free_disk_bytes", absl::StrCat(free)},
                    {"announced_bytes", absl::StrCat(announced)}});
}

absl::StatusOr<uint64_t> CaptureRoom::AnnouncedBeside(const std::string& analysis) {
  if (announced_.empty()) return 0;
  std::set<std::string> unfinished;
  SUMSCOPE_RETURN_IF_ERROR(catalog_->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<storage::Job> jobs,
                              reader.jobs().ListUnfinished(storage::Viewer::Server()));
    for (const storage::Job& job : jobs) {
      if (!job.analysis.empty()) unfinished.insert(AnalysisName(job.run, job.analysis));
    }
    return absl::OkStatus();
  }));
  uint64_t bytes = 0;
  for (auto at = announced_.begin(); at != announced_.end();) {
    if (unfinished.count(at->first) == 0) {
      at = announced_.erase(at);
      continue;
    }
    if (at->first != analysis) bytes += at->second;
    ++at;
  }
  return bytes;
}

}  // namespace sumscope::jobs

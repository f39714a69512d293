#include "server/jobs/following/follower.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/back_off.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/state/transitions.h"
#include "server/jobs/state/waits/waiting.h"

namespace sumscope::jobs {
namespace {

constexpr absl::Duration kFirstDelay = absl::Milliseconds(50), kLongestDelay = absl::Seconds(5);

}  // namespace

void Follower::Prepare(const std::vector<storage::Job>& unfinished) {
  EndedJobs::Batch left;
  for (const storage::Job& job : unfinished) {
    left.runs.insert(job.dependencies.begin(), job.dependencies.end());
    if (!job.sweep.empty()) left.sweeps.insert(job.sweep);
  }
  for (const std::string& sweep : left.sweeps) sweeps_->Bound(sweep);
  left.sweeps.merge(sweeps_->WithoutEnd());
  context_->ended.Look(std::move(left));
}

void Follower::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Follower::Stop() {
  context_->ended.Close();
  if (thread_.joinable()) thread_.join();
}

void Follower::Run() {
  EndedJobs::Batch again;
  int refusals = 0;  // in a row
  while (!context_->ended.closed()) {
    const absl::Duration wait = again.empty() ? kLongestWait : BackOffDelay(refusals, kFirstDelay, kLongestDelay);
    EndedJobs::Batch batch = context_->ended.Take(ToWait(wait));
    if (context_->ended.closed()) return;
    batch.Merge(std::move(again));
    again = Follow(batch);
    refusals = again.empty() ? 0 : refusals + 1;
  }
}

void Follower::FileEnd(const std::string& job) {
  const absl::StatusOr<JobWithSubject> target =
      ReadCatalog<JobWithSubject>(context_->catalog, [&](auto& reader) { return LoadJobWithSubject(reader, job); });
  if (!target.ok() || !IsTerminal(target->job.state)) return;
  const auto file = OpenIfExists(context_, target->job.run);
  // The catalog has the end; a file that cannot take it says less.
  if (file.ok() && *file != nullptr) FollowCatalog(context_, *target, file->get()).IgnoreError();
}

EndedJobs::Batch Follower::Follow(const EndedJobs::Batch& batch) {
  EndedJobs::Batch again;
  const auto keep = [&](const absl::Status& status, const std::string& name) {
    if (status.ok()) return false;
    if (MayPass(status)) return true;
    context_->Say(absl::StrCat(name, ": what waits for it is left as it is: ", status.message()));
    return false;
  };
  for (const std::string& run : batch.runs) {
    if (context_->ended.closed()) break;
    if (keep(dependents_->Settle(run), RunName(run))) again.runs.insert(run);
  }
  for (const std::string& job : batch.unfiled) {
    if (context_->ended.closed()) break;
    FileEnd(job);
  }
  for (const std::string& sweep : batch.sweeps) {
    if (context_->ended.closed()) break;
    if (keep(sweeps_->Follow(sweep), SweepName(sweep))) again.sweeps.insert(sweep);
  }
  return again;
}

}  // namespace sumscope::jobs

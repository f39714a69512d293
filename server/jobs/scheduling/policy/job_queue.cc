#include "server/jobs/scheduling/policy/job_queue.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/back_off.h"
#include "proto/contract/text/first_few.h"

namespace sumscope::jobs {

void JobQueue::Wait::Refused(absl::Duration now, absl::Duration longest) {
  not_before = now + BackOffDelay(++refusals, kFirstWait, longest);
}

void JobQueue::Add(storage::Job job) {
  Remove(job.id);
  const Place place = PlaceOf(job);
  places_[job.id] = {job.run, place};
  const auto refused = refused_.find(job.run);
  if (refused != refused_.end()) {
    refused->second.jobs[place] = std::move(job);
    ++aside_;
    return;
  }
  of_run_[job.run].insert(place);
  ready_[place] = std::move(job);
}

std::optional<storage::Job> JobQueue::Remove(const std::string& job) {
  const auto found = places_.find(job);
  if (found == places_.end()) return std::nullopt;
  const auto [run, place] = found->second;
  places_.erase(found);
  const auto refused = refused_.find(run);
  Jobs& jobs = refused == refused_.end() ? ready_ : refused->second.jobs;
  storage::Job removed = std::move(jobs.extract(place).mapped());
  if (refused == refused_.end()) {
    std::set<Place>& of_run = of_run_[run];
    of_run.erase(place);
    if (of_run.empty()) of_run_.erase(run);
  } else {
    --aside_;
    if (jobs.empty() && refused->second.probe.empty()) refused_.erase(refused);
  }
  return removed;
}

std::optional<storage::Job> JobQueue::Take(const std::string& job) {
  const auto found = places_.find(job);
  if (found == places_.end()) return std::nullopt;
  const auto refused = refused_.find(found->second.first);
  probed_last_ = refused != refused_.end();
  if (probed_last_) refused->second.probe = job;
  return Remove(job);
}

const storage::Job* JobQueue::First() const { return ready_.empty() ? nullptr : &ready_.begin()->second; }

const storage::Job* JobQueue::DueProbe(absl::Duration now) const {
  const RefusedRun* first = nullptr;
  for (const auto& [run, refused] : refused_) {
    if (!refused.probe.empty() || refused.jobs.empty() || refused.wait.not_before > now) continue;
    if (first == nullptr || refused.wait.not_before < first->wait.not_before) first = &refused;
  }
  return first == nullptr ? nullptr : &first->jobs.begin()->second;
}

absl::Duration JobQueue::NextProbe() const {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& [run, refused] : refused_) {
    if (refused.probe.empty() && !refused.jobs.empty()) next = std::min(next, refused.wait.not_before);
  }
  return next;
}

void JobQueue::PutOff(storage::Job job, absl::Duration now, absl::Duration longest) {
  const std::string run = job.run;
  const auto [refused, is_new] = refused_.try_emplace(run);
  if (is_new) {
    for (const Place& place : of_run_[run]) {
      refused->second.jobs.insert(ready_.extract(place));
      ++aside_;
    }
    of_run_.erase(run);
  }
  if (refused->second.probe == job.id) refused->second.probe.clear();
  refused->second.wait.Refused(now, longest);
  Add(std::move(job));
}

void JobQueue::Readmit(const std::string& run) {
  auto refused = refused_.extract(run);
  if (refused.empty()) return;
  aside_ -= refused.mapped().jobs.size();
  for (auto& [place, job] : refused.mapped().jobs) {
    of_run_[run].insert(place);
    ready_[place] = std::move(job);
  }
}

void JobQueue::Resume(const std::string& run) {
  everybody_.refusals = 0;
  Readmit(run);
}

bool JobQueue::IsProbe(const std::string& run, const std::string& job) const {
  const auto refused = refused_.find(run);
  return refused != refused_.end() && refused->second.probe == job;
}

void JobQueue::ProbeOver(const std::string& run, const std::string& job) {
  if (IsProbe(run, job)) Readmit(run);
}

std::string JobQueue::DebugString() const {
  std::vector<std::string> refused;
  for (const auto& [run, waits] : refused_) {
    refused.push_back(absl::StrCat(run, " (", waits.jobs.size(), " jobs, ", waits.wait.refusals, " refusals)"));
  }
  return absl::StrCat(ready_.size(), " jobs ready, ", aside_, " aside for the storage of ", FirstFew(refused),
                      everybody_.refusals > 0 ? absl::StrCat(", all refused ", everybody_.refusals, " times") : "");
}

}  // namespace sumscope::jobs

#include "server/jobs/scheduling/policy/job_queue.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/back_off.h"
#include "proto/contract/text/first_few.h"

namespace sumscope::jobs {
namespace {

// Held, or waits for a run.
bool IsAside(const storage::Job& job) { return !job.held_by.empty() || !job.dependencies.empty(); }

// Takes `place` out of the set of `key`, and an empty set out of the map.
template <typename Sets, typename Place>
void EraseFrom(Sets* sets, const std::string& key, const Place& place) {
  const auto found = sets->find(key);
  if (found == sets->end()) return;
  found->second.erase(place);
  if (found->second.empty()) sets->erase(found);
}

}  // namespace

void JobQueue::Wait::Refused(absl::Duration now, absl::Duration longest) {
  not_before = now + BackOffDelay(++refusals, kFirstWait, longest);
}

void JobQueue::Unindex(Refusals::const_iterator refused) {
  due_.erase({refused->second.wait.not_before, refused->first});
}

void JobQueue::Index(Refusals::const_iterator refused) {
  if (refused->second.jobs.empty() || !refused->second.probe.empty()) return;
  due_.emplace(refused->second.wait.not_before, refused->first);
}

void JobQueue::Enter(const Place& place, const storage::Job& job) {
  Counts& counts = of_owner_[job.owner];
  ++counts.all;
  counts.high += job.priority == v1::HIGH;
  of_run_[job.run].insert(place);
  for (const std::string& run : job.dependencies) dependents_[run].insert(place);
  if (IsAside(job)) return;
  const auto refused = refused_.find(job.run);
  if (refused == refused_.end()) return ready_.Insert(job);
  Unindex(refused);
  refused->second.jobs.insert(place);
  Index(refused);
}

void JobQueue::Leave(const Place& place, const storage::Job& job) {
  const auto counts = of_owner_.find(job.owner);
  counts->second.high -= job.priority == v1::HIGH;
  if (--counts->second.all == 0) of_owner_.erase(counts);
  EraseFrom(&of_run_, job.run, place);
  for (const std::string& run : job.dependencies) EraseFrom(&dependents_, run, place);
  if (IsAside(job)) return;
  const auto refused = refused_.find(job.run);
  if (refused == refused_.end()) return ready_.Erase(job);
  Unindex(refused);
  refused->second.jobs.erase(place);
  Index(refused);
  if (refused->second.jobs.empty() && refused->second.probe.empty()) refused_.erase(refused);
}

void JobQueue::Add(storage::Job job) {
  Remove(job.id);
  const Place place = ReadyJobs::PlaceOf(job);
  places_[job.id] = place;
  Enter(place, jobs_.insert_or_assign(place, std::move(job)).first->second);
}

std::optional<storage::Job> JobQueue::Remove(const std::string& job) {
  const auto found = places_.find(job);
  if (found == places_.end()) return std::nullopt;
  const auto at = jobs_.find(found->second);
  Leave(at->first, at->second);
  storage::Job removed = std::move(at->second);
  jobs_.erase(at);
  places_.erase(found);
  return removed;
}

std::optional<storage::Job> JobQueue::Take(const std::string& job) {
  const storage::Job* found = Find(job);
  if (found == nullptr) return std::nullopt;
  const auto refused = refused_.find(found->run);
  probed_last_ = refused != refused_.end();
  if (probed_last_) {
    Unindex(refused);
    refused->second.probe = job;
  }
  return Remove(job);
}

bool JobQueue::Replace(storage::Job job) {
  if (places_.count(job.id) == 0) return false;
  Add(std::move(job));
  return true;
}

std::vector<storage::Job> JobQueue::DependencyDone(const std::string& run) {
  std::vector<storage::Job> ready;
  const auto found = dependents_.find(run);
  if (found == dependents_.end()) return ready;
  const std::set<Place> places = found->second;
  for (const Place& place : places) {
    storage::Job job = jobs_.at(place);
    job.dependencies.erase(std::remove(job.dependencies.begin(), job.dependencies.end(), run), job.dependencies.end());
    if (job.dependencies.empty()) ready.push_back(job);
    Add(std::move(job));
  }
  return ready;
}

size_t JobQueue::CountOf(const std::string& owner) const {
  const auto found = of_owner_.find(owner);
  return found == of_owner_.end() ? 0 : found->second.all;
}

size_t JobQueue::CountHighOf(const std::string& owner) const {
  const auto found = of_owner_.find(owner);
  return found == of_owner_.end() ? 0 : found->second.high;
}

const storage::Job* JobQueue::Find(const std::string& job) const {
  const auto found = places_.find(job);
  return found == places_.end() ? nullptr : &jobs_.at(found->second);
}

void JobQueue::ForEach(absl::FunctionRef<void(const storage::Job&)> visit) const {
  for (const auto& [place, job] : jobs_) visit(job);
}

void JobQueue::ForEachDueProbe(absl::Duration now, absl::FunctionRef<bool(const storage::Job&)> visit) const {
  for (const auto& [not_before, run] : due_) {
    if (not_before > now || !visit(jobs_.at(*refused_.at(run).jobs.begin()))) return;
  }
}

const storage::Job* JobQueue::DueProbe(absl::Duration now) const {
  const storage::Job* first = nullptr;
  ForEachDueProbe(now, [&first](const storage::Job& job) {
    first = &job;
    return false;
  });
  return first;
}

absl::Duration JobQueue::NextProbe(absl::Duration now) const {
  for (auto at = due_.lower_bound({now, ""}); at != due_.end(); ++at) {
    if (at->first > now) return at->first;
  }
  return absl::InfiniteDuration();
}

void JobQueue::PutOff(storage::Job job, absl::Duration now, absl::Duration longest) {
  Remove(job.id);
  const auto [refused, is_new] = refused_.try_emplace(job.run);
  const auto of_run = of_run_.find(job.run);
  if (is_new && of_run != of_run_.end()) {
    for (const Place& place : of_run->second) {
      const storage::Job& waiting = jobs_.at(place);
      if (IsAside(waiting)) continue;
      ready_.Erase(waiting);
      refused->second.jobs.insert(place);
    }
  }
  Unindex(refused);
  if (refused->second.probe == job.id) refused->second.probe.clear();
  refused->second.wait.Refused(now, longest);
  Index(refused);
  Add(std::move(job));
}

void JobQueue::Readmit(const std::string& run) {
  const auto refused = refused_.find(run);
  if (refused == refused_.end()) return;
  Unindex(refused);
  for (const Place& place : refused->second.jobs) ready_.Insert(jobs_.at(place));
  refused_.erase(refused);
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
  size_t aside = 0;
  for (const auto& [run, waits] : refused_) {
    aside += waits.jobs.size();
    refused.push_back(absl::StrCat(run, " (", waits.jobs.size(), " jobs, ", waits.wait.refusals, " refusals)"));
  }
  return absl::StrCat(ready_.size(), " jobs ready, ", aside, " aside for the storage of ", FirstFew(refused), ", ",
                      jobs_.size() - ready_.size() - aside, " held or behind a run",
                      everybody_.refusals > 0 ? absl::StrCat(", all refused ", everybody_.refusals, " times") : "");
}

}  // namespace sumscope::jobs

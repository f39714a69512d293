#include "server/jobs/scheduling/policy/ready_jobs.h"

#include <algorithm>

namespace sumscope::jobs {
namespace {

ReadyJobs::Line LineOf(const storage::Job& job) { return {job.quick, job.priority, job.owner}; }

}  // namespace

const std::string& ReadyJobs::GroupOf(const storage::Job& job) {
  static const std::string* const none = new std::string();
  return job.analysis.empty() ? job.sweep : *none;
}

void ReadyJobs::Insert(const storage::Job& job) {
  if (lines_[LineOf(job)][GroupOf(job)].emplace(PlaceOf(job), &job).second) ++size_;
}

void ReadyJobs::Erase(const storage::Job& job) {
  const auto line = lines_.find(LineOf(job));
  if (line == lines_.end()) return;
  const auto group = line->second.find(GroupOf(job));
  if (group == line->second.end()) return;
  size_ -= group->second.erase(PlaceOf(job));
  if (group->second.empty()) line->second.erase(group);
  if (line->second.empty()) lines_.erase(line);
}

const storage::Job* ReadyJobs::First() const {
  const Ages* first = nullptr;
  for (const auto& [line, groups] : lines_) {
    for (const auto& [sweep, jobs] : groups) {
      if (first == nullptr || jobs.begin()->first < first->begin()->first) first = &jobs;
    }
  }
  return first == nullptr ? nullptr : first->begin()->second;
}

LineWalk::LineWalk(const ReadyJobs::Groups& groups) {
  heap_.reserve(groups.size());
  for (const auto& [sweep, jobs] : groups) heap_.push_back({jobs.begin(), jobs.end(), &sweep});
  std::make_heap(heap_.begin(), heap_.end(), Later);
}

const storage::Job* LineWalk::Next(absl::FunctionRef<bool(const std::string& group)> open) {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    At& at = heap_.back();
    if (!open(*at.group)) {
      heap_.pop_back();
      continue;
    }
    const storage::Job* job = at.job->second;
    if (++at.job == at.end) {
      heap_.pop_back();
    } else {
      std::push_heap(heap_.begin(), heap_.end(), Later);
    }
    return job;
  }
  return nullptr;
}

}  // namespace sumscope::jobs

#include "server/jobs/scheduling/queue.h"

namespace sumscope::jobs {

void FifoPolicy::Add(storage::Job job) {
  Remove(job.id);
  const Place place(job.queue_position, job.id);
  places_[job.id] = place;
  jobs_[place] = std::move(job);
}

std::optional<storage::Job> FifoPolicy::Remove(const std::string& job) {
  const auto place = places_.find(job);
  if (place == places_.end()) return std::nullopt;
  const auto found = jobs_.find(place->second);
  storage::Job taken = std::move(found->second);
  jobs_.erase(found);
  places_.erase(place);
  return taken;
}

std::optional<storage::Job> FifoPolicy::TakeNext(const std::string& /*slot*/) {
  if (jobs_.empty()) return std::nullopt;
  return Remove(std::string(jobs_.begin()->second.id));
}

std::optional<storage::Job> FifoPolicy::First() const {
  return jobs_.empty() ? std::nullopt : std::make_optional(jobs_.begin()->second);
}

}  // namespace sumscope::jobs

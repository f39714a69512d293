#include "server/engine/probing/interventions/intervener/row_jobs.h"

#include <algorithm>

#include "server/engine/model/table_sums.h"

namespace sumscope::engine {
namespace {

// Adds a job, or what it asks to the same one that is known.
void AddJob(const RowJob& job, std::vector<RowJob>* jobs) {
  for (RowJob& known : *jobs) {
    if (known.line != job.line || known.heads != job.heads) continue;
    known.hidden = known.hidden || job.hidden;
    return;
  }
  jobs->push_back(job);
}

size_t IndexOfJob(const std::vector<RowJob>& jobs, size_t line, uint32_t heads) {
  const auto found =
      std::find_if(jobs.begin(), jobs.end(), [&](const RowJob& job) { return job.line == line && job.heads == heads; });
  return static_cast<size_t>(found - jobs.begin());
}

}  // namespace

RowJobs::RowJobs(const ModelConfig& config, const ChangePlan& plan, const RowPurpose& purpose)
    : places_(plan.places().size()), lines_(purpose.donors && !purpose.means ? 2 : 1) {
  for (size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    AddJobs(plan.places()[i], purpose, &place);
    place.jobs_before = jobs_;
    place.hidden_before = hidden_;
    jobs_ += place.jobs.size();
    hidden_ += place.hidden;
  }
  AddGroups(config, plan, /*with_jobs=*/true);
  AddGroups(config, plan, /*with_jobs=*/false);
}

void RowJobs::AddJobs(const ChangePlan::Place& place, const RowPurpose& purpose, Place* to) {
  const bool moves_rest = place.moved.mlp || place.moved.residual;
  if (moves_rest || (place.answers && !purpose.means)) to->jobs.push_back({0, 0, true});
  if (!purpose.means) {
    for (const Change& change : place.changes) {
      if (!change.residual && change.heads != 0) AddJob({0, change.heads, !change.mlp}, &to->jobs);
    }
    if (purpose.donors && (moves_rest || (place.answers && purpose.donors_answer))) to->jobs.push_back({1, 0, true});
  }
  const auto middle =
      std::stable_partition(to->jobs.begin(), to->jobs.end(), [](const RowJob& job) { return job.hidden; });
  to->hidden = static_cast<size_t>(middle - to->jobs.begin());
  to->own = IndexOfJob(to->jobs, 0, 0);
  to->donor = IndexOfJob(to->jobs, 1, 0);
  for (const Change& change : place.changes) {
    to->job_of_change.push_back(change.residual ? to->own : IndexOfJob(to->jobs, 0, change.heads));
  }
}

void RowJobs::AddGroups(const ModelConfig& config, const ChangePlan& plan, bool with_jobs) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].jobs.empty() != with_jobs) chosen.push_back(i);
  }
  const auto position = [&](size_t place) { return plan.places()[place].position; };
  std::sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) { return position(a) < position(b); });
  const size_t parts = (chosen.size() + kSumGroup - 1) / kSumGroup;
  for (size_t part = 0; part < parts; ++part) {
    Group group;
    group.has_jobs = with_jobs;
    group.first_slot = slots_;
    group.weight = weights_;
    for (size_t i = chosen.size() * part / parts; i < chosen.size() * (part + 1) / parts; ++i) {
      group.places.push_back(chosen[i]);
      group.keys = static_cast<size_t>(position(chosen[i])) + 1;
      group.moves_heads = group.moves_heads || plan.places()[chosen[i]].moved.heads != 0;
      places_[chosen[i]].slot = slots_++;
    }
    weights_ += static_cast<size_t>(config.n_heads) * group.keys * group.places.size();
    groups_.push_back(std::move(group));
  }
}

}  // namespace sumscope::engine

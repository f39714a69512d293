#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_JOBS_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_JOBS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/engine/model/config.h"
#include "server/engine/probing/interventions/intervener/change_plan.h"

namespace sumscope::engine {

// What a batch is computed for: the answers to a plan's changes, those of the donors untouched as well, or the means of
// nodes.
struct RowPurpose {
  bool means = false, donors = false, donors_answer = false;
};

// A row that is computed at a place for every question: with some heads replaced, as it is, or the donor's as it is.
struct RowJob {
  size_t line = 0;  // 0: the question's, 1: the donor's
  uint32_t heads = 0;
  bool hidden = false;  // its MLP too
};

// The distinct rows that the changes of a plan need, place by place.
class RowJobs {
 public:
  RowJobs(const ModelConfig& config, const ChangePlan& plan, const RowPurpose& purpose);

  struct Place {
    size_t slot = 0;                            // in order of the groups
    std::vector<RowJob> jobs;                   // those with `hidden` first
    size_t hidden = 0;                          // how many these are
    size_t jobs_before = 0, hidden_before = 0;  // at earlier places
    std::vector<size_t> job_of_change;          // that the MLP's input and, where it has one, its output are of
    size_t own = 0, donor = 0;                  // where there are such jobs
  };
  const std::vector<Place>& places() const { return places_; }  // as the plan's
  size_t jobs() const { return jobs_; }                         // of a question
  size_t hidden() const { return hidden_; }
  size_t lines() const { return lines_; }

  // Up to kSumGroup places whose sums share their terms.
  struct Group {
    std::vector<size_t> places;
    size_t keys = 0;
    size_t first_slot = 0;
    size_t weight = 0;  // where its weights begin: [n_heads][keys][places]
    bool has_jobs = false, moves_heads = false;
  };
  const std::vector<Group>& groups() const { return groups_; }
  size_t weights() const { return weights_; }  // of a line

 private:
  void AddJobs(const ChangePlan::Place& place, const RowPurpose& purpose, Place* to);
  void AddGroups(const ModelConfig& config, const ChangePlan& plan, bool with_jobs);

  std::vector<Place> places_;
  std::vector<Group> groups_;
  size_t jobs_ = 0, hidden_ = 0, lines_ = 1, weights_ = 0, slots_ = 0;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_JOBS_H_

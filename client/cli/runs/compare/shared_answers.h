#ifndef SUMSCOPE_CLIENT_CLI_RUNS_COMPARE_SHARED_ANSWERS_H_
#define SUMSCOPE_CLIENT_CLI_RUNS_COMPARE_SHARED_ANSWERS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// The question that most of several runs have an answer to: numbers are compared only over the same question.
struct SharedAnswers {
  v1::Analysis asked;              // one of them, which says what was asked; empty where there is none
  std::vector<std::string> names;  // the newest answer of each run; "" where it was not asked this
};

// What one analysis asked.
struct Asked {
  std::string key;         // analyses with the same one asked the same; "" is never chosen
  bool can_tell = true;    // there are questions enough for an answer
  bool uniform = false;    // they stand for all
  uint64_t questions = 0;  // in all, or of each cell; 0 where it is not known
};

// `runs` holds the stored analyses of each run, newest first. What can tell something comes before what cannot, then
// what most runs were asked, then uniform questions, then the most of them, then the newest.
SharedAnswers ChooseSharedAnswers(const std::vector<std::vector<v1::Analysis>>& runs,
                                  const std::function<Asked(const v1::Analysis&)>& asked_by);

// What an `evaluate` asked; nothing of stratified questions, which have no overall rate.
Asked AskedByEvaluate(const v1::Analysis& analysis);
// What a `cascades` asked for its verdict, which the other questions of the analysis do not touch.
Asked AskedByCascades(const v1::Analysis& analysis);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_RUNS_COMPARE_SHARED_ANSWERS_H_

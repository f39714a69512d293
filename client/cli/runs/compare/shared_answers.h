#ifndef SUMSCOPE_CLIENT_CLI_RUNS_COMPARE_SHARED_ANSWERS_H_
#define SUMSCOPE_CLIENT_CLI_RUNS_COMPARE_SHARED_ANSWERS_H_

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

// `runs` holds the stored analyses of each run, newest first; analyses with the same `key` asked the same, "" is never
// chosen. Of questions that as many runs were asked, uniform ones come first, then the newest.
SharedAnswers ChooseSharedAnswers(const std::vector<std::vector<v1::Analysis>>& runs,
                                  const std::function<std::string(const v1::Analysis&)>& key);

// What an `evaluate` asked; "" for stratified questions, which have no overall rate.
std::string QuestionsKey(const v1::Analysis& analysis);
// What a `cascades` asked for its verdict, which the other questions of the analysis do not touch.
std::string VerdictKey(const v1::Analysis& analysis);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_RUNS_COMPARE_SHARED_ANSWERS_H_

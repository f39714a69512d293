#include "client/cli/runs/compare/shared_answers.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>

namespace sumscope::client {
namespace {

// One question and who answered it.
struct Candidate {
  v1::Analysis asked;  // the newest
  std::vector<std::string> names;
  int runs = 0;

  auto Rank() const {
    const auto& time = asked.create_time();
    return std::make_tuple(runs, asked.question_set().has_uniform(), time.seconds(), time.nanos());
  }
};

}  // namespace

SharedAnswers ChooseSharedAnswers(const std::vector<std::vector<v1::Analysis>>& runs,
                                  const std::function<std::string(const v1::Analysis&)>& key) {
  std::map<std::string, Candidate> candidates;
  for (size_t run = 0; run < runs.size(); ++run) {
    for (const v1::Analysis& analysis : runs[run]) {
      const std::string asked = key(analysis);
      if (asked.empty()) continue;
      Candidate& candidate = candidates[asked];
      candidate.names.resize(runs.size());
      if (!candidate.names[run].empty()) continue;  // an older one of the same run
      candidate.names[run] = analysis.name();
      ++candidate.runs;
      const auto time = [](const v1::Analysis& one) {
        return std::make_tuple(one.create_time().seconds(), one.create_time().nanos());
      };
      if (candidate.runs == 1 || time(analysis) > time(candidate.asked)) candidate.asked = analysis;
    }
  }
  const auto best = std::max_element(candidates.begin(), candidates.end(),
                                     [](const auto& a, const auto& b) { return a.second.Rank() < b.second.Rank(); });
  if (best == candidates.end()) return {{}, std::vector<std::string>(runs.size())};
  return {best->second.asked, best->second.names};
}

std::string QuestionsKey(const v1::Analysis& analysis) {
  const v1::QuestionSet& questions = analysis.question_set();
  if (questions.has_stratified()) return "";
  return questions.sha256().empty() ? questions.SerializeAsString() : questions.sha256();
}

std::string VerdictKey(const v1::Analysis& analysis) { return analysis.request().cascades().SerializeAsString(); }

}  // namespace sumscope::client

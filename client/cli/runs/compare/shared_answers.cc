#include "client/cli/runs/compare/shared_answers.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "proto/contract/models/look_back.h"

namespace sumscope::client {
namespace {

// One question and who answered it.
struct Candidate {
  v1::Analysis newest;
  Asked asked;
  std::vector<std::string> names;
  int runs = 0;

  auto Rank() const {
    const auto& time = newest.create_time();
    return std::make_tuple(asked.can_tell, runs, asked.uniform, asked.questions, time.seconds(), time.nanos());
  }
};

// 0 where the set alone does not say.
uint64_t CountOf(const v1::QuestionSet& questions) {
  switch (questions.kind_case()) {
    case v1::QuestionSet::kUniform:
      return questions.uniform().count();
    case v1::QuestionSet::kEnriched:
      return questions.enriched().count();
    case v1::QuestionSet::kOfClass:
      return questions.of_class().count();
    case v1::QuestionSet::kTricase:
      return questions.tricase().count_per_case();
    case v1::QuestionSet::kList:
      return static_cast<uint64_t>(questions.list().questions_size());
    default:
      return 0;
  }
}

}  // namespace

SharedAnswers ChooseSharedAnswers(const std::vector<std::vector<v1::Analysis>>& runs,
                                  const std::function<Asked(const v1::Analysis&)>& asked_by) {
  std::map<std::string, Candidate> candidates;
  for (size_t run = 0; run < runs.size(); ++run) {
    for (const v1::Analysis& analysis : runs[run]) {
      const Asked asked = asked_by(analysis);
      if (asked.key.empty()) continue;
      Candidate& candidate = candidates[asked.key];
      candidate.asked = asked;
      candidate.names.resize(runs.size());
      if (!candidate.names[run].empty()) continue;  // an older one of the same run
      candidate.names[run] = analysis.name();
      ++candidate.runs;
      const auto time = [](const v1::Analysis& one) {
        return std::make_tuple(one.create_time().seconds(), one.create_time().nanos());
      };
      if (candidate.runs == 1 || time(analysis) > time(candidate.newest)) candidate.newest = analysis;
    }
  }
  const auto best = std::max_element(candidates.begin(), candidates.end(),
                                     [](const auto& a, const auto& b) { return a.second.Rank() < b.second.Rank(); });
  if (best == candidates.end()) return {{}, std::vector<std::string>(runs.size())};
  return {best->second.newest, best->second.names};
}

Asked AskedByEvaluate(const v1::Analysis& analysis) {
  const v1::QuestionSet& questions = analysis.question_set();
  Asked asked;
  if (questions.has_stratified()) return asked;
  asked.key = questions.sha256().empty() ? questions.SerializeAsString() : questions.sha256();
  asked.uniform = questions.has_uniform();
  asked.questions = CountOf(questions);
  return asked;
}

Asked AskedByCascades(const v1::Analysis& analysis) {
  const v1::CascadesRequest& request = analysis.request().cascades();
  return {request.SerializeAsString(), CanShow(kReadsAbove, request.per_cell()), false, request.per_cell()};
}

}  // namespace sumscope::client

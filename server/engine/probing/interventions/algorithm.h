#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_ALGORITHM_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_ALGORITHM_H_

#include <string>
#include <vector>

#include "server/engine/probing/evaluation/cascades.h"
#include "server/engine/probing/interventions/subtasks.h"

namespace sumscope::engine {

struct AlgorithmRequest {
  SubtasksRequest subtasks;
  CascadesRequest cascades;
};
// One claim about how the model works, tested against the findings.
struct AlgorithmClause {
  std::string name;  // A2.SA
  std::string text;
  bool holds = false;
  bool testable = true;  // false: the findings cannot say whether it holds
  std::string evidence;  // nodes that do it, for people
};
struct AlgorithmResult {
  std::vector<AlgorithmClause> clauses;
  uint64_t useful_heads = 0, useful_heads_with_purpose = 0;
  uint64_t useful_mlps = 0, useful_mlps_with_purpose = 0;
  SubtasksResult subtasks;
  CascadesResult verdict;
};

// Analysis 10 of science.md section 6. Clauses: for each digit, its base result (SA; MD and ND) is there at or before
// the row that reveals it; what decides carries (borrows) is: SC and SS (MB) in one layer, the tri-case ST (MT) before
// the answer's sign in more; GT decides the sign; no node before the second operand's first digit is useful. A claim is
// not testable where its pairs cannot be patched (Subtasks), or where it would rest on nodes not found useful and fewer
// than 299 questions of the operation are right unablated. A useful
// head has a purpose when a sub-task names it; an MLP when a head with a purpose stands at its layer and position
// (ours).
AlgorithmResult Algorithm(const Model& model, const QuestionSource& questions, const AlgorithmRequest& request,
                          const ProgressFn& progress = nullptr);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_ALGORITHM_H_

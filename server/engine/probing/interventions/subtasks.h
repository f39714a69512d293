#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_SUBTASKS_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_SUBTASKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/engine/probing/arithmetic/task_pairs.h"
#include "server/engine/probing/interventions/ablation.h"
#include "server/engine/probing/interventions/node_tags.h"

namespace sumscope::engine {

struct DigitTask {
  Task task = Task::kSA;
  int digit = 0;
};
struct SubtasksRequest {
  std::vector<DigitTask> tasks;  // of operations that the questions have
  AblationMode mode = AblationMode::kMean;
  uint64_t seed = 0;
};
struct SubtaskFinding {
  std::string task;      // A2.SA; OPR, SGN
  NodeSet nodes;         // one head, or two of one layer and position
  bool strong = false;   // the expected answer; else the impact alone matches
  std::string evidence;  // what the pairs answered, for people
  double l2 = 0;         // smallest distance moved over the task's pairs; 0 of OPR and SGN, which have no pair
  int fail_percent = 0;  // in the useful-node map, the larger of two
  double attention = 0;  // share that the nodes give to what the task reads, the smaller of the pair's digits
};
struct SubtasksResult {
  AblationResult map;  // the useful-node map
  uint64_t useful_heads = 0, useful_mlps = 0;
  std::vector<SubtaskFinding> findings;
  std::vector<std::string> not_found, not_testable;  // A2.SA
  std::vector<NodeTag> tags;                         // of every useful node
};

// Analysis 5 of science.md section 6: the useful-node map, then for each task its store/clean pairs: single heads
// first; pairs of heads of one layer and position where no single head does it; strong findings before weak ones.
// Candidates have a failure in the map, stand at the task's rows, impact its digit, and in layer 0 give at least 10 %
// to each digit of the pair that the task reads, over questions of the task's own operation. A patch that moved nothing
// finds nothing. OPR and SGN have no pair: useful heads that attend to these tokens. Throws kCancelled and what Ablate
// throws.
SubtasksResult Subtasks(const Model& model, const QuestionSource& questions, const SubtasksRequest& request,
                        const ProgressFn& progress = nullptr);

std::string TaskText(const DigitTask& task);  // A2.SA

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_SUBTASKS_H_

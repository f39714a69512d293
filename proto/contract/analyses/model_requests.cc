// Requests about the whole model: evaluate, attention, useful nodes, sub-tasks, phases, cascades, algorithm.
#include <cmath>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/requests.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/node_names.h"
#include "proto/contract/tasks.h"

namespace sumscope {
namespace {

constexpr uint64_t kDefaultEvaluated = 10'000;
constexpr uint32_t kDefaultWorstCount = 20;
constexpr uint32_t kDefaultPerCell = 1000;
constexpr uint32_t kDefaultWindow = 50;
constexpr double kDefaultPenalty = 1;
constexpr double kDefaultLearntBelow = 0.1;

template <typename Request>
absl::Status CompletePerCell(absl::string_view field, Request* request) {
  if (!request->has_per_cell()) request->set_per_cell(kDefaultPerCell);
  if (request->per_cell() >= 1 && request->per_cell() <= limits::kMaxPerCell) return absl::OkStatus();
  return InvalidField("PER_CELL_OUT_OF_RANGE", field,
                      absl::StrCat("per_cell is ", request->per_cell(), "; expected 1 to ", limits::kMaxPerCell));
}

absl::Status CheckPositive(absl::string_view reason, absl::string_view field, double value) {
  if (std::isfinite(value) && value > 0) return absl::OkStatus();
  return InvalidField(reason, field, absl::StrCat(field, " is ", value, "; expected a number above 0"));
}

// How many weights of attention a result of this request holds beside those of single questions.
uint64_t CountWeights(const v1::TrainSpec& spec, const v1::AttentionRequest& request) {
  const uint64_t context = ContextLength(spec), answer_rows = spec.n_digits() + (spec.format() == v1::PLAIN ? 1 : 2);
  return uint64_t{spec.n_layers()} * spec.n_heads() * (request.all_rows() ? context : answer_rows) * context;
}

absl::Status CheckAttentionSize(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                const v1::AttentionRequest& request) {
  constexpr char kAdvice[] = ": use a capture of blocks.*.attn.hook_pattern with reduction mean";
  const uint64_t weights = CountWeights(spec, request);
  if (request.all_rows() && weights > limits::kMaxResultWeights) {
    return InvalidField("RESULT_TOO_LARGE", "request.attention.all_rows",
                        absl::StrCat("every row is ", weights, " weights; at most ", limits::kMaxResultWeights,
                                     " fit a result", kAdvice));
  }
  const uint64_t listed = weights * CountQuestions(spec, questions).value_or(limits::kMaxPatternQuestions);
  if (request.per_question() && listed > limits::kMaxListedValues) {
    return InvalidField("RESULT_TOO_LARGE", "request.attention.per_question",
                        absl::StrCat("the patterns of single questions are ", listed, " weights; at most ",
                                     limits::kMaxListedValues, " fit a result: ask about fewer questions"));
  }
  return absl::OkStatus();
}

absl::Status CheckScoresSize(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                             const v1::PcaRequest& request) {
  if (!request.with_scores()) return absl::OkStatus();
  const uint64_t asked = CountQuestions(spec, questions).value_or(limits::kMaxInlineQuestions);
  const uint64_t values = asked * request.nodes_size() * request.components();
  if (values <= limits::kMaxListedValues) return absl::OkStatus();
  return InvalidField("RESULT_TOO_LARGE", "request.pca.with_scores",
                      absl::StrCat("the scores are ", values, " numbers; at most ", limits::kMaxListedValues,
                                   " fit a result: ask about fewer questions or nodes"));
}

// Writes out the tasks, by default every one that the questions' operations have.
absl::Status CompleteTasks(const v1::TrainSpec& spec, const v1::QuestionSet& questions, v1::SubtasksRequest* request) {
  if (request->tasks().empty()) request->add_tasks("all");
  v1::Operation operation = questions.operation();  // absent of uploaded questions and of a list of both
  if (operation == v1::OPERATION_UNSPECIFIED) operation = v1::MIX;
  v1::SubtasksRequest complete;
  std::set<std::string> seen;
  for (int i = 0; i < request->tasks_size(); ++i) {
    const std::string field = absl::StrCat("request.subtasks.tasks[", i, "]");
    SUMSCOPE_ASSIGN_OR_RETURN(const auto tasks, ParseTask(spec, field, request->tasks(i)));
    const bool all = absl::EqualsIgnoreCase(request->tasks(i), "all");
    for (const TaskName& task : tasks) {
      const bool asked = operation == v1::MIX || operation == task.operation;
      if (asked && seen.insert(TaskText(task)).second) complete.add_tasks(TaskText(task));
      if (!asked && !all) {
        return InvalidField("TASK_NOT_APPLICABLE", field,
                            absl::StrCat(TaskText(task), " is of ", v1::Operation_Name(task.operation),
                                         ", but the questions are of ", v1::Operation_Name(operation)));
      }
    }
  }
  request->mutable_tasks()->Swap(complete.mutable_tasks());
  return absl::OkStatus();
}

}  // namespace

absl::Status CompleteEvaluate(v1::EvaluateRequest* request, QuestionRules* rules) {
  rules->default_count = kDefaultEvaluated;
  rules->max_count = limits::kMaxQuestions;
  request->set_generate(request->generate());
  if (!request->has_worst_count()) request->set_worst_count(kDefaultWorstCount);
  if (request->worst_count() > limits::kMaxWorstQuestions) {
    return InvalidField(
        "WORST_COUNT_OUT_OF_RANGE", "request.evaluate.worst_count",
        absl::StrCat("worst_count is ", request->worst_count(), "; expected 0 to ", limits::kMaxWorstQuestions));
  }
  return absl::OkStatus();
}

absl::Status CompleteAttention(v1::AttentionRequest* request, QuestionRules* rules) {
  request->set_all_rows(request->all_rows());
  request->set_per_question(request->per_question());
  if (request->per_question()) rules->default_count = rules->max_count = limits::kMaxPatternQuestions;
  return absl::OkStatus();
}

absl::Status CompleteUsefulNodes(v1::UsefulNodesRequest* request) {
  return CompleteSeededMode("request.useful_nodes.mode", request);
}

absl::Status CompleteSubtasks(v1::SubtasksRequest* request, QuestionRules* rules) {
  rules->needs_columns = true;
  return CompleteSeededMode("request.subtasks.mode", request);
}

absl::Status CompletePhases(v1::PhasesRequest* request, QuestionRules* rules) {
  rules->takes = QuestionRules::Takes::kNothing;
  if (!request->has_window()) request->set_window(kDefaultWindow);
  if (!request->has_penalty()) request->set_penalty(kDefaultPenalty);
  if (!request->has_learnt_below()) request->set_learnt_below(kDefaultLearntBelow);
  if (request->window() < 1 || request->window() > limits::kMaxPhaseWindow) {
    return InvalidField(
        "WINDOW_OUT_OF_RANGE", "request.phases.window",
        absl::StrCat("window is ", request->window(), " steps; expected 1 to ", limits::kMaxPhaseWindow));
  }
  SUMSCOPE_RETURN_IF_ERROR(CheckPositive("PENALTY_OUT_OF_RANGE", "request.phases.penalty", request->penalty()));
  return CheckPositive("LEARNT_BELOW_OUT_OF_RANGE", "request.phases.learnt_below", request->learnt_below());
}

absl::Status CompleteCascades(v1::CascadesRequest* request, QuestionRules* rules) {
  rules->default_count = kDefaultEvaluated;
  rules->max_count = limits::kMaxQuestions;
  rules->needs_columns = true;
  request->set_seed(request->seed());
  return CompletePerCell("request.cascades.per_cell", request);
}

absl::Status CompleteAlgorithm(v1::AlgorithmRequest* request, QuestionRules* rules) {
  rules->needs_columns = true;
  request->set_seed(request->seed());
  SUMSCOPE_RETURN_IF_ERROR(CompleteMode("request.algorithm.mode", request));
  return CompletePerCell("request.algorithm.per_cell", request);
}

uint64_t WidestPhaseWindow(uint64_t steps) {
  // (steps + w / 2) / w >= 4, in integers: 7 v steps for w = 2 v, and 4 more for w = 2 v + 1.
  return 2 * (steps / 7) + (steps % 7 >= 4 ? 1 : 0);
}

absl::Status CheckMode(absl::string_view field, int mode) {
  if (v1::AblationMode_IsValid(mode)) return absl::OkStatus();
  return InvalidField("ABLATION_MODE_UNKNOWN", field,
                      absl::StrCat("there is no ablation mode ", mode, "; expected mean, zero or resample"));
}

absl::Status CheckWithQuestions(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                v1::AnalysisRequest* request) {
  if (request->has_subtasks()) return CompleteTasks(spec, questions, request->mutable_subtasks());
  if (request->has_attention()) return CheckAttentionSize(spec, questions, request->attention());
  if (request->has_pca()) return CheckScoresSize(spec, questions, request->pca());
  return absl::OkStatus();
}

}  // namespace sumscope

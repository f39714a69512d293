// Which nodes do which sub-task, by patching.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/ablation_mode.h"
#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/results/node_tags.h"

namespace sumscope {
namespace {

class Subtasks final : public TypedKind<v1::SubtasksRequest, v1::SubtasksResult> {
  uint32_t version() const override { return 2; }

  absl::Status DoComplete(const v1::TrainSpec&, const v1::QuestionSet&, v1::SubtasksRequest* request) const override {
    return CompleteSeededMode("request.subtasks.mode", request);
  }
  void DoRules(const v1::TrainSpec&, const v1::SubtasksRequest&, QuestionRules* rules) const override {
    rules->needs_columns = true;
  }
  // Writes out the tasks, by default every one that the questions' operations have.
  absl::Status DoCompleteWithQuestions(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                       v1::SubtasksRequest* request) const override {
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
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::SubtasksRequest& request) const override {
    AnalysisCost cost = CostOfWork(spec, count, Intervening(WorkOfSubtasks(spec, request.mode(), count)),
                                   std::max(LookingBytes(spec, count), SweepingBytes(spec, count)));
    cost.nodes = SubtaskNodes(spec);
    return cost;
  }
  std::vector<v1::NodeTag> DoTags(const v1::SubtasksResult& result) const override {
    return {result.tags().begin(), result.tags().end()};
  }
  std::optional<std::vector<std::string>> DoUsefulNodes(const v1::SubtasksResult& result) const override {
    return NodesThatFail(result.tags());
  }
};

}  // namespace

const AnalysisKind& SubtasksKind() {
  static const auto* const kKind = new Subtasks;
  return *kKind;
}

}  // namespace sumscope

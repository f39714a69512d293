#include "server/worker/analyses/subtasks.h"

#include <algorithm>
#include <utility>

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/tasks.h"
#include "server/worker/convert/ablation.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {

namespace api = sumscope::v1;

absl::StatusOr<engine::SubtasksRequest> SubtasksRequestOf(const AnalysisInput& input,
                                                          const std::vector<engine::Operation>& operations,
                                                          const google::protobuf::RepeatedPtrField<std::string>& tasks,
                                                          api::AblationMode mode, uint64_t seed) {
  engine::SubtasksRequest request;
  request.mode = ToEngine(mode);
  request.seed = seed;
  for (const engine::Operation operation : operations) {
    for (const engine::Task task : engine::TasksOf(operation)) {
      for (const int digit : engine::TaskDigits(task, input.model.n_digits)) request.tasks.push_back({task, digit});
    }
  }
  if (tasks.empty()) {  // SS9C says what SS9 does, and means it
    const auto is_ss9 = [](const engine::DigitTask& task) { return task.task == engine::Task::kSS9; };
    request.tasks.erase(std::remove_if(request.tasks.begin(), request.tasks.end(), is_ss9), request.tasks.end());
    return request;
  }
  std::vector<engine::DigitTask> wanted;
  for (const std::string& text : tasks) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<TaskName> names, ParseTask(input.spec(), "request.tasks", text));
    for (const TaskName& name : names) {
      const engine::DigitTask task{engine::ParseTask(name.kind), static_cast<int>(name.digit)};
      const auto is_task = [&](const engine::DigitTask& other) {
        return other.task == task.task && other.digit == task.digit;
      };
      if (std::none_of(request.tasks.begin(), request.tasks.end(), is_task)) continue;  // of no question asked
      if (std::none_of(wanted.begin(), wanted.end(), is_task)) wanted.push_back(task);
    }
  }
  request.tasks = std::move(wanted);
  return request;
}

api::SubtasksResult FromEngine(const engine::SubtasksResult& from) {
  api::SubtasksResult to;
  *to.mutable_unablated() = FromEngine(from.map.unablated);
  to.set_by_tables(from.map.by_tables);
  to.set_rechecked(from.map.rechecked);
  to.set_useful_heads(Narrow(from.useful_heads));
  to.set_useful_mlps(Narrow(from.useful_mlps));
  for (const engine::SubtaskFinding& finding : from.findings) {
    api::SubtaskFinding* converted = to.add_findings();
    converted->set_task(finding.task);
    converted->set_nodes(engine::NodeSetText(finding.nodes));
    converted->set_strength(finding.strong ? "strong" : "weak");
    converted->set_evidence(finding.evidence);
    converted->set_l2(finding.l2);
    converted->set_fail_percent(static_cast<uint32_t>(finding.fail_percent));
    converted->set_attention_percent(100 * finding.attention);
  }
  for (const std::string& task : from.not_found) to.add_not_found(task);
  for (const std::string& task : from.not_testable) to.add_not_testable(task);
  CopyTags(from.tags, to.mutable_tags());
  return to;
}

AnalysisOutcome RunSubtasks(const AnalysisInput& input) {
  const api::SubtasksRequest& request = input.request().subtasks();
  SUMSCOPE_ASSIGN_OR_RETURN(
      const engine::SubtasksRequest own,
      SubtasksRequestOf(input, OperationsOf(*input.questions), request.tasks(), request.mode(), request.seed()));
  api::AnalysisResult outcome;
  *outcome.mutable_subtasks() = FromEngine(engine::Subtasks(input.model, *input.questions, own, input.progress));
  return outcome;
}

}  // namespace sumscope::worker

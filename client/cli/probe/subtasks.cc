// sumscope probe RUN[@STEP] subtasks: which nodes do which sub-task.
#include "absl/strings/str_split.h"
#include "client/cli/probe/probe_family.h"

namespace sumscope::client {
namespace {

struct Options {
  std::vector<std::string> tasks;
  AblationOptions ablation;
};

}  // namespace

void AddSubtasks(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) {
    v1::SubtasksRequest* const subtasks = request->mutable_subtasks();
    for (const std::string& text : options->tasks) {
      for (const absl::string_view task : absl::StrSplit(text, ',')) subtasks->add_tasks(std::string(task));
    }
    return FillAblation(options->ablation, subtasks);
  };
  const Command command =
      family->Add("subtasks", "Which nodes do which sub-task, by patching", ProbeFamily::Questions::kTaken, fill);
  command.AddRepeated("--tasks", &options->tasks, "A2.SA, or SA for every digit; several joined by ',' (default: all)")
      .type_name("TASK[,..]");
  AddAblationOptions(command, &options->ablation);
}

}  // namespace sumscope::client

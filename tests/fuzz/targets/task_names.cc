// Sub-tasks and features of columns. What is taken exists in the run, and prints to what is read as the same.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/names/tasks.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

void CheckTask(const v1::TrainSpec& spec, absl::string_view text) {
  const auto tasks = ParseTask(spec, "tasks", text);
  if (!tasks.ok()) return RequireToldWell(tasks.status());
  Require(!tasks->empty(), "a name that is taken is of some task");
  const std::vector<TaskName> all = AllTasks(v1::MIX, spec.n_digits());
  for (const TaskName& task : *tasks) {
    Require(std::count(all.begin(), all.end(), task) == 1, "a task exists");
    Require(RunHasOperation(spec, task.operation), "a task is of the run's operations");
    const auto again = ParseTask(spec, "tasks", TaskText(task));
    Require(again.ok() && *again == std::vector<TaskName>{task}, "a task is read as the same");
  }
}

void CheckFeature(const v1::TrainSpec& spec, absl::string_view text) {
  const auto feature = ParseFeature(spec, "feature", text);
  if (!feature.ok()) return RequireToldWell(feature.status());
  Require(feature->digit < spec.n_digits(), "a feature is of a column");
  Require(RunHasOperation(spec, feature->operation), "a feature is of the run's operations");
  const auto again = ParseFeature(spec, "feature", TaskText(*feature));
  Require(again.ok() && *again == *feature, "a feature is read as the same");
}

}  // namespace

Corpus CorpusOfTarget() {
  Corpus corpus;
  for (char operation = 0; operation < 5; ++operation) {
    const std::string shape = {operation, 4, 0, 0};
    for (const char* text : {"A2.SA", "SS9C", "all", "a0.mt", "A5.GT", "A1.NZ", "A0.SV", " MB "}) {
      corpus.seeds.push_back(absl::StrCat(shape, text));
    }
  }
  corpus.words = {"A", ".", "SS9", "ND", "ALL", "18", "19", "20", "-0", "4294967296", "MB", "NB", " "};
  return corpus;
}

}  // namespace sumscope::fuzz

// A shape, then a text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  fuzz::Input input(data, size);
  const v1::TrainSpec spec = fuzz::TakeSpec(&input);
  fuzz::CheckTask(spec, input.Rest());
  fuzz::CheckFeature(spec, input.Rest());
  return 0;
}

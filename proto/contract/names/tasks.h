#ifndef SUMSCOPE_PROTO_CONTRACT_NAMES_TASKS_H_
#define SUMSCOPE_PROTO_CONTRACT_NAMES_TASKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// A sub-task of one digit (science.md section 6: SA SC SS SS9 SS9C ST; MD MB ND NB MT GT), or a feature of one column
// that a linear probe looks for (section 4: SA SC SS ST SV; MD ND MB NB MZ NZ MT NT GT).
struct TaskName {
  std::string kind;                   // SA
  uint32_t digit = 0;                 // the altered digit; a feature's column
  v1::Operation operation = v1::ADD;  // ADD or SUB, whose questions have it

  bool operator==(const TaskName& other) const { return kind == other.kind && digit == other.digit; }
};

std::string TaskText(const TaskName& task);  // A2.SA

// Whether a model of this run answers such questions. `operation` is ADD, SUB, MUL or MIX (additions and subtractions).
bool RunHasOperation(const v1::TrainSpec& spec, v1::Operation operation);

// Every task that additions (ADD), subtractions (SUB) or both (MIX) of n digits have: kind by kind as listed above,
// lowest digit first.
std::vector<TaskName> AllTasks(v1::Operation operation, uint32_t n_digits);

// "A2.SA", "SA" (every digit it has), "all" (of the run's operations); lower case too. INVALID_ARGUMENT TASK_UNKNOWN
// naming the nearest, TASK_DIGIT_OUT_OF_RANGE, TASK_NOT_APPLICABLE (not of the run's operations); `field` is named.
absl::StatusOr<std::vector<TaskName>> ParseTask(const v1::TrainSpec& spec, absl::string_view field,
                                                absl::string_view text);

// "A2.SC". INVALID_ARGUMENT FEATURE_UNKNOWN naming the nearest, TASK_DIGIT_OUT_OF_RANGE, TASK_NOT_APPLICABLE.
absl::StatusOr<TaskName> ParseFeature(const v1::TrainSpec& spec, absl::string_view field, absl::string_view text);

// TASK_NOT_APPLICABLE unless the run knows additions or subtractions: products have no cells, classes or look-back.
// `what` is what was asked of it: "cascades", "question class S3".
absl::Status CheckHasColumns(const v1::TrainSpec& spec, absl::string_view field, absl::string_view what);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_NAMES_TASKS_H_

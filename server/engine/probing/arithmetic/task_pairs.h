#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_ARITHMETIC_TASK_PAIRS_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_ARITHMETIC_TASK_PAIRS_H_

#include <string>
#include <vector>

#include "server/engine/spec/question.h"

namespace sumscope::engine {

// The tasks of science.md section 6 that have store/clean pairs.
enum class Task { kSA, kSC, kSS, kSS9, kSS9C, kST, kMD, kMB, kND, kNB, kMT, kGT };

const char* TaskName(Task task);          // "SA"
Task ParseTask(const std::string& name);  // throws kInvalidArgument (TASK_UNKNOWN)
Operation TaskOperation(Task task);
const std::vector<Task>& TasksOf(Operation operation);  // products have none
// The digits d that a task has in n-digit questions.
std::vector<int> TaskDigits(Task task, int n);

// An answer that the patched clean question must begin with when the node does the task for `digit`.
struct ExpectedAnswer {
  int digit = 0;
  std::string answer;
};
// A question whose activations are stored and one that they are written into.
struct StoreCleanPair {
  std::string id;    // SA-1; SC.d2; GT-1.d0
  std::string task;  // SA; empty for pairs of a caller
  Question store, clean;
  std::vector<ExpectedAnswer> expected;  // none for the weak tasks ST and MT

  // The expected answer for a digit; null when there is none.
  const ExpectedAnswer* For(int digit) const;
};

// The pairs that test a task for one digit: two for SA, MD, ND and GT, one otherwise. Those of SA, MD and ND are the
// same for every digit. Each `expected` is the clean answer with one fact of one column taken from the store. Throws
// kInvalidArgument (TASK_DIGIT_OUT_OF_RANGE).
std::vector<StoreCleanPair> PairsFor(Task task, int digit, int n, Format format);

// The pairs of a task for all of its digits, each once.
std::vector<StoreCleanPair> PairsFor(Task task, int n, Format format);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_ARITHMETIC_TASK_PAIRS_H_

#include "server/engine/probing/arithmetic/task_pairs.h"

#include <algorithm>
#include <array>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr std::array<const char*, 12> kTaskNames = {"SA", "SC", "SS", "SS9", "SS9C", "ST",
                                                    "MD", "MB", "ND", "NB",  "MT",   "GT"};

// Both operands made of one repeated digit.
Question Repeated(Operation op, int a, int b, int n) {
  Question question;
  question.op = op;
  question.n = n;
  std::fill_n(question.a.begin(), n, static_cast<uint8_t>(a));
  std::fill_n(question.b.begin(), n, static_cast<uint8_t>(b));
  return question;
}

Question WithTopZero(Question question) {
  question.a[question.n - 1] = 0;
  return question;
}

Question WithA(Question question, int digit, int value) {
  question.a[digit] = static_cast<uint8_t>(value);
  return question;
}
Question WithB(Question question, int digit, int value) {
  question.b[digit] = static_cast<uint8_t>(value);
  return question;
}

// The clean answer with the digit d of the store's.
std::string WithDigitOfStore(const StoreCleanPair& pair, int d, Format format) {
  Answer answer = TrueAnswer(pair.clean);
  answer.digits[d] = TrueAnswer(pair.store).digits[d];
  return AnswerText(answer, pair.clean.n, format);
}

// The clean answer with `change` (+1 or -1) times 10^(d+1) added to its signed value.
std::string WithCarry(const StoreCleanPair& pair, int d, int change, Format format) {
  Answer answer = TrueAnswer(pair.clean);
  if (answer.negative) change = -change;
  for (int i = d + 1; i <= pair.clean.n; ++i) {
    const int value = answer.digits[i] + change;
    answer.digits[i] = static_cast<uint8_t>((value + 10) % 10);
    if (value >= 0 && value < 10) break;
  }
  return AnswerText(answer, pair.clean.n, format);
}

// Two stores, each put into its clean question; the digit d becomes that of the store.
std::vector<StoreCleanPair> BasePairs(Task task, const std::array<Question, 4>& questions, int n, Format format) {
  std::vector<StoreCleanPair> pairs;
  for (size_t i = 0; i < 2; ++i) {
    StoreCleanPair pair{std::string(TaskName(task)) + "-" + std::to_string(i + 1),
                        TaskName(task),
                        questions[2 * i],
                        questions[2 * i + 1],
                        {}};
    for (const int d : TaskDigits(task, n)) pair.expected.push_back({d, WithDigitOfStore(pair, d, format)});
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

StoreCleanPair OnePair(Task task, int d, Question store, Question clean) {
  return {
      std::string(TaskName(task)) + ".d" + std::to_string(d), TaskName(task), std::move(store), std::move(clean), {}};
}

StoreCleanPair CarryPair(Task task, int d, Question store, Question clean, int change, Format format) {
  StoreCleanPair pair = OnePair(task, d, std::move(store), std::move(clean));
  pair.expected.push_back({d, WithCarry(pair, d, change, format)});
  return pair;
}

std::vector<StoreCleanPair> SignPairs(int d, int n) {
  Question larger = Repeated(Operation::kSub, 0, 0, n), smaller = larger;
  for (Question* question : {&larger, &smaller}) {
    question->b[d] = 2;
    ++question->b[0];  // 2*10^d + 1
  }
  larger.a[d] = 6;
  smaller.a[d] = 1;
  std::vector<StoreCleanPair> pairs = {OnePair(Task::kGT, d, larger, smaller), OnePair(Task::kGT, d, smaller, larger)};
  const std::string suffix = pairs[0].id.substr(2);
  pairs[0].id = "GT-1" + suffix;
  pairs[0].expected.push_back({d, "+"});
  pairs[1].id = "GT-2" + suffix;
  pairs[1].expected.push_back({d, "-"});
  return pairs;
}

}  // namespace

const char* TaskName(Task task) { return kTaskNames[static_cast<size_t>(task)]; }

Task ParseTask(const std::string& name) {
  for (size_t i = 0; i < kTaskNames.size(); ++i) {
    if (name == kTaskNames[i]) return static_cast<Task>(i);
  }
  throw Error(ErrorKind::kInvalidArgument, "TASK_UNKNOWN", "there is no task '" + name + "' with store/clean pairs");
}

Operation TaskOperation(Task task) { return task <= Task::kST ? Operation::kAdd : Operation::kSub; }

const std::vector<Task>& TasksOf(Operation operation) {
  static const auto* const kAdditions =
      new std::vector<Task>{Task::kSA, Task::kSC, Task::kSS, Task::kSS9, Task::kSS9C, Task::kST};
  static const auto* const kSubtractions =
      new std::vector<Task>{Task::kMD, Task::kMB, Task::kND, Task::kNB, Task::kMT, Task::kGT};
  static const auto* const kNone = new std::vector<Task>();
  return operation == Operation::kAdd ? *kAdditions : operation == Operation::kSub ? *kSubtractions : *kNone;
}

std::vector<int> TaskDigits(Task task, int n) {
  const bool above_units = task == Task::kSS || task == Task::kSS9 || task == Task::kSS9C;
  const bool below_top = task == Task::kMB || task == Task::kNB;
  std::vector<int> digits;
  for (int d = above_units ? 1 : 0; d < (below_top ? n - 1 : n); ++d) digits.push_back(d);
  return digits;
}

const ExpectedAnswer* StoreCleanPair::For(int digit) const {
  for (const ExpectedAnswer& answer : expected) {
    if (answer.digit == digit) return &answer;
  }
  return nullptr;
}

std::vector<StoreCleanPair> PairsFor(Task task, int d, int n, Format format) {
  const std::vector<int> digits = TaskDigits(task, n);
  if (std::find(digits.begin(), digits.end(), d) == digits.end()) {
    throw Error(
        ErrorKind::kInvalidArgument, "TASK_DIGIT_OUT_OF_RANGE",
        "questions of " + std::to_string(n) + " digits have no task A" + std::to_string(d) + "." + TaskName(task));
  }
  const auto add = [n](int a, int b) { return Repeated(Operation::kAdd, a, b, n); };
  const auto sub = [n](int a, int b) { return Repeated(Operation::kSub, a, b, n); };
  // 33333+55555 with column d summing to 9 and column d-1 to 11: what SS and its variants are written into.
  const auto cascade = [&] { return WithA(WithA(add(3, 5), d, 4), d - 1, 6); };
  switch (task) {
    case Task::kSA:
      return BasePairs(task, {add(2, 1), add(5, 4), add(2, 6), add(5, 1)}, n, format);
    case Task::kSC:
      return {CarryPair(task, d, WithB(add(2, 6), d, 9), add(3, 5), 1, format)};
    case Task::kSS:
      return {CarryPair(task, d, WithA(add(2, 4), d, 5), cascade(), -1, format)};
    case Task::kSS9:
      return {CarryPair(task, d, add(2, 4), cascade(), -1, format)};
    case Task::kSS9C:
      return {CarryPair(task, d, WithA(add(2, 4), d - 1, 8), cascade(), -1, format)};
    case Task::kST:
      return {OnePair(task, d, WithB(add(2, 7), d, 9), add(3, 6))};
    case Task::kMD:
      return BasePairs(task, {sub(3, 1), sub(9, 4), sub(6, 2), sub(9, 3)}, n, format);
    case Task::kND:
      return BasePairs(task,
                       {WithTopZero(sub(3, 1)), WithTopZero(sub(9, 4)), WithTopZero(sub(6, 2)), WithTopZero(sub(9, 3))},
                       n, format);
    case Task::kMB:
      return {CarryPair(task, d, WithB(sub(2, 1), d, 3), sub(7, 4), -1, format)};
    case Task::kNB:
      return {CarryPair(task, d, WithB(WithTopZero(sub(2, 1)), d, 3), WithTopZero(sub(7, 4)), -1, format)};
    case Task::kMT:
      return {OnePair(task, d, sub(5, 0), WithB(sub(2, 2), d, 4))};
    case Task::kGT:
      return SignPairs(d, n);
  }
  throw Error(ErrorKind::kInternal, "TASK_UNKNOWN", "a task without pairs");
}

std::vector<StoreCleanPair> PairsFor(Task task, int n, Format format) {
  std::vector<StoreCleanPair> pairs;
  for (const int d : TaskDigits(task, n)) {
    for (StoreCleanPair& pair : PairsFor(task, d, n, format)) {
      const auto same = [&](const StoreCleanPair& other) { return other.id == pair.id; };
      if (std::none_of(pairs.begin(), pairs.end(), same)) pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

}  // namespace sumscope::engine

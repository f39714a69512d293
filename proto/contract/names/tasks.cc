#include "proto/contract/names/tasks.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

struct TaskKind {
  absl::string_view name;
  v1::Operation operation;
  uint32_t lowest;     // digit that it exists for
  uint32_t below_top;  // its highest digit is n-1 less this
};

constexpr std::array<TaskKind, 12> kTasks = {{{"SA", v1::ADD, 0, 0},
                                              {"SC", v1::ADD, 0, 0},
                                              {"SS", v1::ADD, 1, 0},
                                              {"SS9", v1::ADD, 1, 0},
                                              {"SS9C", v1::ADD, 1, 0},
                                              {"ST", v1::ADD, 0, 0},
                                              {"MD", v1::SUB, 0, 0},
                                              {"MB", v1::SUB, 0, 1},
                                              {"ND", v1::SUB, 0, 0},
                                              {"NB", v1::SUB, 0, 1},
                                              {"MT", v1::SUB, 0, 0},
                                              {"GT", v1::SUB, 0, 0}}};

constexpr std::array<TaskKind, 14> kFeatures = {{{"SA", v1::ADD, 0, 0},
                                                 {"SC", v1::ADD, 0, 0},
                                                 {"SS", v1::ADD, 0, 0},
                                                 {"ST", v1::ADD, 0, 0},
                                                 {"SV", v1::ADD, 0, 0},
                                                 {"MD", v1::SUB, 0, 0},
                                                 {"ND", v1::SUB, 0, 0},
                                                 {"MB", v1::SUB, 0, 0},
                                                 {"NB", v1::SUB, 0, 0},
                                                 {"MZ", v1::SUB, 0, 0},
                                                 {"NZ", v1::SUB, 0, 0},
                                                 {"MT", v1::SUB, 0, 0},
                                                 {"NT", v1::SUB, 0, 0},
                                                 {"GT", v1::SUB, 0, 0}}};

template <size_t kCount>
const TaskKind* FindKind(const std::array<TaskKind, kCount>& kinds, absl::string_view name) {
  for (const TaskKind& kind : kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

template <size_t kCount>
std::vector<std::string> NamesOf(const std::array<TaskKind, kCount>& kinds) {
  std::vector<std::string> names;
  for (const TaskKind& kind : kinds) names.emplace_back(kind.name);
  return names;
}

std::string LowerName(v1::Operation operation) { return absl::AsciiStrToLower(v1::Operation_Name(operation)); }

TaskName TaskOf(const TaskKind& kind, uint32_t digit) { return {std::string(kind.name), digit, kind.operation}; }

// A name in its parts: A2.SA -> 2, SA; SA -> no digit.
struct Typed {
  std::string kind;
  bool has_digit = false;
  std::optional<uint32_t> digit;  // absent when it is no number or one that no model reaches
};

Typed SplitTask(absl::string_view text) {
  const std::string upper = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(text));
  const size_t dot = upper.find('.');
  if (upper.empty() || upper[0] != 'A' || dot == std::string::npos) return {upper, false, std::nullopt};
  Typed typed{upper.substr(dot + 1), true, std::nullopt};
  const absl::string_view digits = absl::string_view(upper).substr(1, dot - 1);
  uint32_t digit = 0;
  if (digits.find_first_not_of("0123456789") == absl::string_view::npos && absl::SimpleAtoi(digits, &digit)) {
    typed.digit = digit;
  }
  return typed;
}

absl::Status CheckApplies(const v1::TrainSpec& spec, absl::string_view field, const TaskKind& kind) {
  if (RunHasOperation(spec, kind.operation)) return absl::OkStatus();
  return InvalidField("TASK_NOT_APPLICABLE", field,
                      absl::StrCat(kind.name, " is of ", kind.operation == v1::ADD ? "additions" : "subtractions",
                                   "; a run of operation ", LowerName(spec.operation()), " does not answer them"));
}

absl::Status CheckDigit(const v1::TrainSpec& spec, absl::string_view field, absl::string_view text,
                        const TaskKind& kind, const std::optional<uint32_t>& digit) {
  const uint32_t highest = spec.n_digits() - 1 - kind.below_top;
  if (digit && *digit >= kind.lowest && *digit <= highest) return absl::OkStatus();
  return InvalidField(
      "TASK_DIGIT_OUT_OF_RANGE", field,
      absl::StrCat(Quote(text), " names a digit that ", kind.name, " of ", spec.n_digits(),
                   " digits does not have; expected A", kind.lowest, ".", kind.name, " to A", highest, ".", kind.name));
}

void AddDigits(const TaskKind& kind, uint32_t n_digits, std::vector<TaskName>* tasks) {
  for (uint32_t digit = kind.lowest; digit + kind.below_top < n_digits; ++digit) tasks->push_back(TaskOf(kind, digit));
}

}  // namespace

std::string TaskText(const TaskName& task) { return absl::StrCat("A", task.digit, ".", task.kind); }

bool RunHasOperation(const v1::TrainSpec& spec, v1::Operation operation) {
  const v1::Operation run = spec.operation();
  switch (operation) {
    case v1::ADD:
    case v1::SUB:
      return run == operation || run == v1::MIX || run == v1::MAS;
    case v1::MUL:
      return run == v1::MUL || run == v1::MAS;
    case v1::MIX:
      return run == v1::MIX || run == v1::MAS;
    default:
      return false;
  }
}

std::vector<TaskName> AllTasks(v1::Operation operation, uint32_t n_digits) {
  std::vector<TaskName> tasks;
  for (const TaskKind& kind : kTasks) {
    if (operation == kind.operation || operation == v1::MIX) AddDigits(kind, n_digits, &tasks);
  }
  return tasks;
}

absl::StatusOr<std::vector<TaskName>> ParseTask(const v1::TrainSpec& spec, absl::string_view field,
                                                absl::string_view text) {
  SUMSCOPE_RETURN_IF_ERROR(CheckHasColumns(spec, field, "sub-tasks"));
  const Typed typed = SplitTask(text);
  if (!typed.has_digit && typed.kind == "ALL") {
    return AllTasks(spec.operation() == v1::MAS ? v1::MIX : spec.operation(), spec.n_digits());
  }
  const TaskKind* kind = FindKind(kTasks, typed.kind);
  if (kind == nullptr) {
    const std::vector<std::string> names = NamesOf(kTasks);
    return InvalidField(
        "TASK_UNKNOWN", field,
        absl::StrCat("there is no sub-task ", Quote(text), "; expected one like A2.SA, SA (every digit) or all; ",
                     DidYouMean(typed.kind, names)));
  }
  SUMSCOPE_RETURN_IF_ERROR(CheckApplies(spec, field, *kind));
  std::vector<TaskName> tasks;
  if (!typed.has_digit) {
    AddDigits(*kind, spec.n_digits(), &tasks);
    return tasks;
  }
  SUMSCOPE_RETURN_IF_ERROR(CheckDigit(spec, field, text, *kind, typed.digit));
  tasks.push_back(TaskOf(*kind, *typed.digit));
  return tasks;
}

absl::StatusOr<TaskName> ParseFeature(const v1::TrainSpec& spec, absl::string_view field, absl::string_view text) {
  SUMSCOPE_RETURN_IF_ERROR(CheckHasColumns(spec, field, "features of columns"));
  const Typed typed = SplitTask(text);
  const TaskKind* kind = FindKind(kFeatures, typed.kind);
  if (kind == nullptr || !typed.has_digit) {
    const std::vector<std::string> names = NamesOf(kFeatures);
    const std::string near = Nearest(typed.kind, names);
    return InvalidField("FEATURE_UNKNOWN", field,
                        absl::StrCat("there is no feature ", Quote(text), "; expected a column and a feature like A0.",
                                     near.empty() ? names.front() : near, ", one of ", absl::StrJoin(names, ", ")));
  }
  SUMSCOPE_RETURN_IF_ERROR(CheckApplies(spec, field, *kind));
  SUMSCOPE_RETURN_IF_ERROR(CheckDigit(spec, field, text, *kind, typed.digit));
  return TaskOf(*kind, *typed.digit);
}

absl::Status CheckHasColumns(const v1::TrainSpec& spec, absl::string_view field, absl::string_view what) {
  if (spec.operation() != v1::MUL) return absl::OkStatus();
  return InvalidField("TASK_NOT_APPLICABLE", field,
                      absl::StrCat("a run of operation mul cannot be asked for ", what,
                                   ": products have no sub-tasks, cells, classes or look-back"));
}

}  // namespace sumscope

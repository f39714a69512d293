#include "proto/contract/models/model_names.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/spec_fields.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

constexpr char kShape[] = "[insK_]{add,sub,mul,mix,mas}_d{digits}_l{layers}_h{heads}[_t{K}K][_gf][_s{seed}]";
constexpr uint64_t kStepsPerK = 1000;

// Takes the parts between '_' one after the other.
class NameParts {
 public:
  explicit NameParts(absl::string_view name) : name_(name), parts_(absl::StrSplit(name, '_')) {}

  absl::string_view Peek() const { return next_ < parts_.size() ? parts_[next_] : absl::string_view(); }
  void Take() { ++next_; }
  bool AtEnd() const { return next_ >= parts_.size(); }
  // The next part is not what was expected.
  absl::Status Error(absl::string_view expected) const {
    const std::string found = Peek().empty() ? "but it ends there" : absl::StrCat("found ", Quote(Peek()));
    return InvalidField(
        "MODEL_NAME_INVALID", "model_name",
        absl::StrCat(Quote(name_), " is no model name: expected ", expected, ", ", found, "; a name reads ", kShape,
                     ", for example add_d5_l1_h3 or add_d5_l1_h3_t15K_s372001"));
  }

 private:
  const absl::string_view name_;
  const std::vector<absl::string_view> parts_;
  size_t next_ = 0;
};

bool ParseDigits(absl::string_view text, uint64_t* value) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit) && absl::SimpleAtoi(text, value);
}

// A part like "d5".
absl::StatusOr<uint32_t> TakeNumber(NameParts* parts, char letter, uint32_t minimum, uint32_t maximum,
                                    absl::string_view meaning) {
  const absl::string_view part = parts->Peek();
  uint64_t value = 0;
  if (part.empty() || part[0] != letter || !ParseDigits(part.substr(1), &value) || value > UINT32_MAX) {
    return parts->Error(absl::StrCat(std::string(1, letter), "{", meaning, "}, ", minimum, " to ", maximum));
  }
  parts->Take();
  return static_cast<uint32_t>(value);
}

absl::Status TakeOperation(NameParts* parts, v1::TrainSpec* spec) {
  if (absl::StartsWith(parts->Peek(), "ins")) {
    uint64_t mode = 0;
    if (!ParseDigits(parts->Peek().substr(3), &mode) || mode < 1 || mode > 4) {
      return parts->Error("ins1, ins2, ins3 or ins4");
    }
    spec->set_insert_mode(static_cast<v1::InsertMode>(v1::INSERT_INIT + mode - 1));
    parts->Take();
  }
  for (int number = v1::ADD; number <= v1::MAS; ++number) {
    if (parts->Peek() == ShortEnumName(v1::Operation_descriptor()->FindValueByNumber(number))) {
      spec->set_operation(static_cast<v1::Operation>(number));
      parts->Take();
      return absl::OkStatus();
    }
  }
  return parts->Error("an operation: add, sub, mul, mix or mas");
}

// "15" thousand or "0.5" thousand: whole steps, at least one.
bool ParseThousands(absl::string_view text, uint64_t* steps) {
  const std::vector<absl::string_view> halves = absl::StrSplit(text, '.');
  uint64_t thousands = 0;
  if (halves.size() > 2 || !ParseDigits(halves[0], &thousands) || thousands > UINT32_MAX) return false;
  *steps = thousands * kStepsPerK;
  if (halves.size() == 1) return *steps > 0;
  absl::string_view fraction = halves[1];
  if (fraction.empty()) return false;
  while (absl::ConsumeSuffix(&fraction, "0")) {
  }
  uint64_t rest = 0;
  if (fraction.size() > 3 || (!fraction.empty() && !ParseDigits(fraction, &rest))) return false;
  for (size_t i = fraction.size(); i < 3; ++i) rest *= 10;
  *steps += rest;
  return *steps > 0;
}

absl::Status TakeSteps(NameParts* parts, v1::TrainSpec* spec) {
  absl::string_view part = parts->Peek();
  if (!absl::StartsWith(part, "t")) return absl::OkStatus();
  absl::string_view number = part.substr(1);
  uint64_t steps = 0;
  if (!absl::ConsumeSuffix(&number, "K") || !ParseThousands(number, &steps)) {
    return parts->Error("thousands of steps, at least one step, like t15K or t0.5K");
  }
  spec->set_steps(steps);
  parts->Take();
  return absl::OkStatus();
}

absl::Status TakeSeed(NameParts* parts, v1::TrainSpec* spec) {
  const absl::string_view part = parts->Peek();
  if (!absl::StartsWith(part, "s")) return absl::OkStatus();
  uint64_t seed = 0;
  if (!ParseDigits(part.substr(1), &seed)) return parts->Error("a seed below 2^64, like s372001");
  spec->set_seed(seed);
  parts->Take();
  return absl::OkStatus();
}

// 15000 -> "15", 500 -> "0.5".
std::string Thousands(uint64_t steps) {
  std::string text = absl::StrCat(steps / kStepsPerK);
  const uint64_t rest = steps % kStepsPerK;
  if (rest == 0) return text;
  std::string fraction = absl::StrCat(kStepsPerK + rest).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return absl::StrCat(text, ".", fraction);
}

// Whether every field that the name does not carry has its default.
bool RestIsDefault(const v1::TrainSpec& spec) {
  v1::TrainSpec of_name = CompleteSpec({});
  of_name.set_operation(spec.operation());
  of_name.set_n_digits(spec.n_digits());
  of_name.set_n_layers(spec.n_layers());
  of_name.set_n_heads(spec.n_heads());
  of_name.set_grokfast(spec.grokfast());
  of_name.set_insert_mode(spec.insert_mode());
  of_name.set_steps(spec.steps());
  of_name.set_seed(spec.seed());
  return of_name.SerializeAsString() == spec.SerializeAsString();
}

}  // namespace

absl::StatusOr<v1::TrainSpec> ParseModelName(absl::string_view name) {
  NameParts parts(name);
  v1::TrainSpec spec;
  SUMSCOPE_RETURN_IF_ERROR(TakeOperation(&parts, &spec));
  SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t digits,
                            TakeNumber(&parts, 'd', limits::kMinDigits, limits::kMaxDigits, "digits"));
  SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t layers, TakeNumber(&parts, 'l', 1, limits::kMaxLayers, "layers"));
  SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t heads, TakeNumber(&parts, 'h', 1, limits::kMaxHeads, "heads"));
  spec.set_n_digits(digits);
  spec.set_n_layers(layers);
  spec.set_n_heads(heads);
  SUMSCOPE_RETURN_IF_ERROR(TakeSteps(&parts, &spec));
  if (parts.Peek() == "gf") {
    spec.set_grokfast(true);
    parts.Take();
  }
  SUMSCOPE_RETURN_IF_ERROR(TakeSeed(&parts, &spec));
  if (!parts.AtEnd()) return parts.Error("t{K}K, gf, s{seed}, in this order, or the end of the name");
  return spec;
}

std::string ModelName(const v1::TrainSpec& spec) {
  std::string name;
  if (spec.insert_mode() >= v1::INSERT_INIT)
    absl::StrAppend(&name, "ins", spec.insert_mode() - v1::INSERT_INIT + 1, "_");
  const auto* operation = v1::Operation_descriptor()->FindValueByNumber(spec.operation());
  absl::StrAppend(&name, operation == nullptr ? "unknown" : ShortEnumName(operation), "_d", spec.n_digits(), "_l",
                  spec.n_layers(), "_h", spec.n_heads());
  // Foreign weights: nobody knows how long or from which seed they were trained.
  const bool trained_here = spec.steps() > 0;
  if (trained_here) absl::StrAppend(&name, "_t", Thousands(spec.steps()), "K");
  if (spec.grokfast()) name += "_gf";
  if (trained_here) absl::StrAppend(&name, "_s", spec.seed());
  if (!RestIsDefault(spec)) name += '*';
  return name;
}

}  // namespace sumscope

#include "proto/contract/models/look_back.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace sumscope {
namespace {

uint32_t LeadingAbove(const v1::LookBackDigit& digit, double threshold) {
  const auto& lower = digit.kappa_lower();
  const auto end = std::find_if(lower.begin(), lower.end(), [&](double bound) { return !(bound > threshold); });
  return static_cast<uint32_t>(end - lower.begin());
}

// Lowers `to` to `reached` of `all` columns, unless that is all.
void Limit(uint32_t reached, uint32_t all, uint32_t* to) {
  if (reached < all) *to = std::min(*to, reached);
}

}  // namespace

bool CanShow(double threshold, uint32_t per_cell) {
  if (per_cell == 0) return true;
  // Clopper and Pearson's bounds of per_cell right, p, and of none with the other digit, 1 - p.
  constexpr double kTail = 0.025;
  return 2 * std::pow(kTail, 1.0 / per_cell) - 1 > threshold;
}

SureClaim SureOfAll(const v1::LookBackDigit& digit) {
  if (GradeOf(digit).exact) return SureClaim::kHolds;
  const auto& upper = digit.kappa_upper();
  const bool refuted = std::any_of(upper.begin(), upper.end(), [](double bound) { return bound <= kSureAbove; });
  return refuted || CanShow(kSureAbove, digit.per_cell()) ? SureClaim::kFails : SureClaim::kUntestable;
}

LookBackGrade GradeOf(const v1::LookBackDigit& digit) {
  LookBackGrade grade{LeadingAbove(digit, kReadsAbove), LeadingAbove(digit, kSureAbove), false};
  grade.exact = grade.sure_to > 0 && grade.sure_to == static_cast<uint32_t>(digit.kappa_lower_size());
  return grade;
}

std::string LookBackText(const v1::LookBackDigit& digit) {
  const LookBackGrade grade = GradeOf(digit);
  if (grade.exact) return "exact";
  const bool fails = SureOfAll(digit) == SureClaim::kFails;
  if (!CanShow(kReadsAbove, digit.per_cell())) {
    return fails ? "not sure of all, too few questions to tell more" : "too few questions to tell";
  }
  const std::string reads = absl::StrCat("reads ", grade.reads_to, " of ", digit.kappa_lower_size());
  if (CanShow(kSureAbove, digit.per_cell())) return absl::StrCat(reads, ", sure of ", grade.sure_to);
  return absl::StrCat(reads, fails ? ", not sure of all" : ", too few questions to be sure");
}

uint32_t QuestionsPerCell(const v1::CascadesResult& verdict) {
  std::optional<uint32_t> first;
  ForEachDigit(verdict, [&](const v1::LookBackDigit& digit) { first = first.value_or(digit.per_cell()); });
  return first.value_or(0);
}

std::optional<LookBackGrade> Summarize(const v1::CascadesResult& verdict) {
  uint32_t most = 0;
  ForEachDigit(verdict, [&](const v1::LookBackDigit& digit) {
    most = std::max(most, static_cast<uint32_t>(digit.kappa_lower_size()));
  });
  if (most == 0) return std::nullopt;
  LookBackGrade whole{most, most, true};
  ForEachDigit(verdict, [&](const v1::LookBackDigit& digit) {
    const LookBackGrade grade = GradeOf(digit);
    const auto all = static_cast<uint32_t>(digit.kappa_lower_size());
    Limit(grade.reads_to, all, &whole.reads_to);
    Limit(grade.sure_to, all, &whole.sure_to);
    whole.exact = whole.exact && grade.exact;
  });
  return whole;
}

}  // namespace sumscope

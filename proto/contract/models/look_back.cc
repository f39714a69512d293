#include "proto/contract/models/look_back.h"

#include <algorithm>

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

LookBackGrade GradeOf(const v1::LookBackDigit& digit) {
  LookBackGrade grade{LeadingAbove(digit, kReadsAbove), LeadingAbove(digit, kSureAbove), false};
  grade.exact = grade.sure_to > 0 && grade.sure_to == static_cast<uint32_t>(digit.kappa_lower_size());
  return grade;
}

std::string LookBackText(const v1::LookBackDigit& digit) {
  const LookBackGrade grade = GradeOf(digit);
  if (grade.exact) return "exact";
  return absl::StrCat("reads ", grade.reads_to, " of ", digit.kappa_lower_size(), ", sure of ", grade.sure_to);
}

std::optional<LookBackGrade> Summarize(const v1::CascadesResult& verdict) {
  LookBackGrade whole{0, 0, true};
  for (const auto* digits :
       {&verdict.additions(), &verdict.subtractions_positive(), &verdict.subtractions_negative()}) {
    for (const v1::LookBackDigit& digit : *digits) {
      whole.reads_to = whole.sure_to = std::max(whole.reads_to, static_cast<uint32_t>(digit.kappa_lower_size()));
    }
  }
  if (whole.reads_to == 0) return std::nullopt;
  for (const auto* digits :
       {&verdict.additions(), &verdict.subtractions_positive(), &verdict.subtractions_negative()}) {
    for (const v1::LookBackDigit& digit : *digits) {
      const LookBackGrade grade = GradeOf(digit);
      const auto all = static_cast<uint32_t>(digit.kappa_lower_size());
      Limit(grade.reads_to, all, &whole.reads_to);
      Limit(grade.sure_to, all, &whole.sure_to);
      whole.exact = whole.exact && grade.exact;
    }
  }
  return whole;
}

}  // namespace sumscope

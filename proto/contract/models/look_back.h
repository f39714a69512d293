#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_LOOK_BACK_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_LOOK_BACK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "sumscope/v1/probes.pb.h"

namespace sumscope {

// The two grades of the look-back verdict (science.md section 5): a digit reads, or is sure, to so many columns as it
// has leading m whose kappa lies above these with its whole interval.
inline constexpr double kReadsAbove = 0.5;
inline constexpr double kSureAbove = 0.95;

// Whether the 95 % interval of kappa can lie above `threshold` at all: whether it does when every one of `per_cell`
// answers is right, from 13 questions above 0.5, from 146 above 0.95. True of 0, which is not known.
bool CanShow(double threshold, uint32_t per_cell);

// What a digit's questions say of the claim that it is sure of all columns. kUntestable: so few questions that all of
// them right would not show it (CanShow), and none of its intervals lies below kSureAbove.
enum class SureClaim { kHolds, kFails, kUntestable };
SureClaim SureOfAll(const v1::LookBackDigit& digit);

// The grades of one digit from its intervals, whatever version computed it. `exact`: sure of all m.
struct LookBackGrade {
  uint32_t reads_to = 0;
  uint32_t sure_to = 0;
  bool exact = false;
};
LookBackGrade GradeOf(const v1::LookBackDigit& digit);
// "exact"; "reads 3 of 5, sure of 2". Of questions too few for a grade (CanShow): "reads 3 of 5, too few questions to
// be sure", "reads 0 of 5, not sure of all" where that is refuted; "too few questions to tell".
std::string LookBackText(const v1::LookBackDigit& digit);

// Calls `body` with every digit of a verdict: those of additions, of subtractions with a positive answer, with a
// negative one.
template <typename Body>
void ForEachDigit(const v1::CascadesResult& verdict, const Body& body) {
  for (const auto* digits :
       {&verdict.additions(), &verdict.subtractions_positive(), &verdict.subtractions_negative()}) {
    for (const v1::LookBackDigit& digit : *digits) body(digit);
  }
}

// The questions of the first digit, per length; 0 for a verdict on no digit.
uint32_t QuestionsPerCell(const v1::CascadesResult& verdict);

// Of the whole model: the largest k such that every digit reads (is sure of) k columns, or all that it has. nullopt for
// a verdict on no digit.
std::optional<LookBackGrade> Summarize(const v1::CascadesResult& verdict);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_LOOK_BACK_H_

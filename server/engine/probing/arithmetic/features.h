#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_ARITHMETIC_FEATURES_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_ARITHMETIC_FEATURES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/spec/question.h"

namespace sumscope::engine {

// Sub-tasks of science.md section 4: what the raw digits of a column, or of it and those below, say.
enum class FeatureKind : uint8_t { kSA, kSC, kSS, kST, kSV, kMD, kMB, kMZ, kMT, kND, kNB, kNZ, kNT, kGT };

struct Feature {
  FeatureKind kind = FeatureKind::kSA;
  int column = 0;
};

// Reads A2.SC: column 2. Throws kInvalidArgument (UNKNOWN_FEATURE).
Feature ParseFeature(std::string_view text);
std::string FeatureText(const Feature& feature);

// The labels, of which LabelOf returns the index: 0..9 of SA, MD, ND; 8, 9, 10 of ST, SV; -1, 0, 1 of MT, NT;
// 0, 1 of the others.
std::vector<std::string> LabelNames(FeatureKind kind);

// S* is of additions, M* of subtractions with a >= b, N* of those with a < b (the sign of the answer, as the authors
// name them), GT of every subtraction.
bool Applies(const Feature& feature, const Question& question);

// The feature must apply and the column be below question.n. MD and ND are (D - D') mod 10 alike.
int LabelOf(const Feature& feature, const Question& question);

// The tri-case of one column: 8, 9, 10 of an addition; the sign of D - D' of a subtraction, whatever the answer's sign.
// Throws kInvalidArgument (TASK_NOT_APPLICABLE) for a product.
int TriCase(const Question& question, int column);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_ARITHMETIC_FEATURES_H_

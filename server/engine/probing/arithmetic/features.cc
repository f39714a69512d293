#include "server/engine/probing/arithmetic/features.h"

#include <array>
#include <cstdlib>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr std::array<const char*, 14> kFeatureNames = {"SA", "SC", "SS", "ST", "SV", "MD", "MB",
                                                       "MZ", "MT", "ND", "NB", "NZ", "NT", "GT"};

[[noreturn]] void ThrowUnknown(std::string_view text) {
  throw Error(ErrorKind::kInvalidArgument, "UNKNOWN_FEATURE",
              "'" + std::string(text) + "' is no feature; features are written A2.SC");
}

}  // namespace

Feature ParseFeature(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot > 3 || text[0] != 'A') ThrowUnknown(text);
  Feature feature;
  for (const char c : text.substr(1, dot - 1)) {
    if (c < '0' || c > '9') ThrowUnknown(text);
    feature.column = feature.column * 10 + (c - '0');
  }
  for (size_t i = 0; i < kFeatureNames.size(); ++i) {
    if (text.substr(dot + 1) != kFeatureNames[i]) continue;
    feature.kind = static_cast<FeatureKind>(i);
    return feature;
  }
  ThrowUnknown(text);
}

std::string FeatureText(const Feature& feature) {
  return "A" + std::to_string(feature.column) + "." + kFeatureNames[static_cast<size_t>(feature.kind)];
}

std::vector<std::string> LabelNames(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::kSA:
    case FeatureKind::kMD:
    case FeatureKind::kND:
      return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    case FeatureKind::kST:
    case FeatureKind::kSV:
      return {"8", "9", "10"};
    case FeatureKind::kMT:
    case FeatureKind::kNT:
      return {"-1", "0", "1"};
    default:
      return {"0", "1"};
  }
}

bool Applies(const Feature& feature, const Question& question) {
  switch (kFeatureNames[static_cast<size_t>(feature.kind)][0]) {
    case 'S':
      return question.op == Operation::kAdd;
    case 'M':
      return question.op == Operation::kSub && CompareOperands(question) >= 0;
    case 'N':
      return question.op == Operation::kSub && CompareOperands(question) < 0;
    default:
      return question.op == Operation::kSub;
  }
}

int TriCase(const Question& question, int column) {
  const int d = question.a[static_cast<size_t>(column)], e = question.b[static_cast<size_t>(column)];
  switch (question.op) {
    case Operation::kAdd:
      return d + e >= 10 ? 10 : d + e == 9 ? 9 : 8;
    case Operation::kSub:
      return (d > e) - (d < e);
    case Operation::kMul:
      break;
  }
  throw Error(ErrorKind::kInvalidArgument, "TASK_NOT_APPLICABLE", "a product has no tri-case");
}

int LabelOf(const Feature& feature, const Question& question) {
  const int d = question.a[static_cast<size_t>(feature.column)], e = question.b[static_cast<size_t>(feature.column)];
  switch (feature.kind) {
    case FeatureKind::kSA:
      return (d + e) % 10;
    case FeatureKind::kSC:
      return d + e >= 10;
    case FeatureKind::kSS:
      return d + e == 9;
    case FeatureKind::kST:
      return TriCase(question, feature.column) - 8;
    case FeatureKind::kSV: {
      int i = feature.column;
      while (i > 0 && TriCase(question, i) == 9) --i;  // the first column down that is not 9 decides
      return TriCase(question, i) - 8;
    }
    case FeatureKind::kMD:
    case FeatureKind::kND:
      return (d - e + 10) % 10;
    case FeatureKind::kMB:
    case FeatureKind::kNB:
      return d < e;
    case FeatureKind::kMZ:
    case FeatureKind::kNZ:
      return d == e;
    case FeatureKind::kMT:
    case FeatureKind::kNT:
      return TriCase(question, feature.column) + 1;
    case FeatureKind::kGT:
      return d > e;
  }
  std::abort();
}

}  // namespace sumscope::engine

// Activations, kept in a file of their own.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/node_sets.h"
#include "proto/contract/analyses/size_checks.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/model_cost.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/questions/question_classes.h"

namespace sumscope {
namespace {

constexpr uint64_t kDefaultCaptured = 1'000;
constexpr uint32_t kDefaultCaptureComponents = 2;

uint64_t ClassCount(const v1::TrainSpec& spec, v1::Operation operation) {
  if (operation == v1::ADD || operation == v1::SUB) return CountQuestionClasses(operation, spec.n_digits());
  return (RunHasOperation(spec, v1::ADD) ? CountQuestionClasses(v1::ADD, spec.n_digits()) : 0) +
         (RunHasOperation(spec, v1::SUB) ? CountQuestionClasses(v1::SUB, spec.n_digits()) : 0);
}

// Of each hook, values of one question.
std::vector<double> CapturedValues(const v1::TrainSpec& spec, const v1::CaptureRequest& request) {
  std::set<std::string> hooks;
  for (const std::string& pattern : request.hooks()) {
    const auto matched = MatchHooks(spec, "request.capture.hooks", pattern);
    if (matched.ok()) hooks.insert(matched->begin(), matched->end());
  }
  const double positions = request.positions_size() > 0 ? request.positions_size() : ContextLength(spec);
  std::vector<double> values;
  for (const std::string& hook : hooks) values.push_back(HookValues(spec, hook, positions));
  return values;
}

// Exact, but for class means, where every class is counted.
double FileBytes(const v1::TrainSpec& spec, const v1::CaptureRequest& request, v1::Operation operation,
                 double questions) {
  const double k = request.components();
  double values = 0;
  for (const double one : CapturedValues(spec, request)) {
    switch (request.reduction()) {
      case v1::MEAN_OVER_QUESTIONS:
        values += one;
        break;
      case v1::MEAN_PER_CLASS:
        values += one * ClassCount(spec, operation);
        break;
      case v1::COMPONENTS:
        values += questions * k + (k + 1) * one + k;
        break;
      default:
        values += one * questions;
    }
  }
  const bool reduced = request.reduction() > v1::NONE;
  return values * CostOf(spec).element_bytes + (reduced ? 0 : questions * ContextLength(spec) * sizeof(int64_t));
}

// What is held of all questions: hooks of at most 256 MiB together, or a larger one on its own. Components are
// of float64 values with two copies and of the smaller Gram matrix with what its decomposition needs, about 4 of it.
double HeldBytes(const v1::TrainSpec& spec, const v1::CaptureRequest& request, double questions) {
  constexpr double kGroupBytes = 256 << 20;
  double all = 0, largest = 0, gram = 0;
  for (const double one : CapturedValues(spec, request)) {
    all += questions * one * sizeof(double);
    largest = std::max(largest, questions * one * sizeof(double));
    gram = std::max(gram, std::min(questions, one) * std::min(questions, one) * sizeof(double));
  }
  const double group = std::min(all, kGroupBytes);
  return request.reduction() == v1::COMPONENTS ? std::max(group, largest) + 2 * largest + 4 * gram : group;
}

class Capture final : public TypedKind<v1::CaptureRequest, v1::CaptureResult> {
  bool writes_capture() const override { return true; }

  absl::Status DoComplete(const v1::TrainSpec& spec, const v1::QuestionSet&,
                          v1::CaptureRequest* request) const override {
    constexpr char kHooks[] = "request.capture.hooks", kPositions[] = "request.capture.positions";
    if (request->hooks().empty()) {
      return InvalidField("HOOKS_MISSING", kHooks, "a capture needs at least one hook, like blocks.*.attn.hook_z");
    }
    for (int i = 0; i < request->hooks_size(); ++i) {
      SUMSCOPE_RETURN_IF_ERROR(MatchHooks(spec, At(kHooks, i), request->hooks(i)).status());
    }
    v1::CaptureRequest complete;
    for (int i = 0; i < request->positions_size(); ++i) {
      SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t position, ParsePosition(spec, At(kPositions, i), request->positions(i)));
      const std::string name = absl::StrCat("P", position);
      const auto& so_far = complete.positions();
      if (std::find(so_far.begin(), so_far.end(), name) == so_far.end()) complete.add_positions(name);
    }
    request->mutable_positions()->Swap(complete.mutable_positions());
    if (request->reduction() == v1::CAPTURE_REDUCTION_UNSPECIFIED) request->set_reduction(v1::NONE);
    if (!v1::CaptureReduction_IsValid(request->reduction())) {
      return InvalidField("CAPTURE_REDUCTION_UNKNOWN", "request.capture.reduction",
                          absl::StrCat("there is no reduction ", static_cast<int>(request->reduction()),
                                       "; expected none, mean over questions, mean per class or components"));
    }
    if (!request->has_components()) request->set_components(kDefaultCaptureComponents);
    return CheckComponents("request.capture.components", request->components(), limits::kMaxCaptureComponents);
  }
  void DoRules(const v1::TrainSpec&, const v1::CaptureRequest& request, QuestionRules* rules) const override {
    rules->default_count = kDefaultCaptured;
    rules->needs_columns = request.reduction() == v1::MEAN_PER_CLASS;
  }
  absl::Status DoCheckCount(const v1::TrainSpec& spec, uint64_t count,
                            const v1::CaptureRequest& request) const override {
    constexpr char kField[] = "request.capture.hooks";
    if (request.reduction() != v1::COMPONENTS) return absl::OkStatus();
    SUMSCOPE_RETURN_IF_ERROR(CheckAtLeast(name(), count, limits::kMinComponentQuestions));
    for (const double of_hook : CapturedValues(spec, request)) {
      const auto values = static_cast<uint64_t>(of_hook);
      if (values > limits::kMaxComponentFeatures) {
        return InvalidField("RESULT_TOO_LARGE", kField,
                            absl::StrCat("components of ", values, " features of a hook; at most ",
                                         limits::kMaxComponentFeatures, ": name fewer positions"));
      }
      SUMSCOPE_RETURN_IF_ERROR(
          CheckHeldBytes(kField, values, count, "name fewer positions, or ask about fewer questions"));
    }
    return absl::OkStatus();
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet& questions, double count,
                      const v1::CaptureRequest& request) const override {
    AnalysisCost cost = CostOfPasses(spec, count, ReadingBytes(spec, count) + HeldBytes(spec, request, count));
    cost.disk_bytes = static_cast<uint64_t>(FileBytes(spec, request, questions.operation(), count));
    return cost;
  }
};

}  // namespace

const AnalysisKind& CaptureKind() {
  static const auto* const kKind = new Capture;
  return *kKind;
}

}  // namespace sumscope

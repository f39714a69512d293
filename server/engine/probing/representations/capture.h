#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_REPRESENTATIONS_CAPTURE_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_REPRESENTATIONS_CAPTURE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

enum class CaptureReduction : uint8_t { kNone, kMeanOverQuestions, kMeanPerClass, kComponents };

struct CaptureRequest {
  std::vector<std::string> hooks;  // exact names, in the order of the tensors; repeats are ignored
  std::vector<int64_t> positions;  // in this order; empty: all. Of hook_attn_scores and hook_pattern the queries
  CaptureReduction reduction = CaptureReduction::kNone;
  uint32_t components = 2;  // of kComponents, 1..50
};

struct TensorInfo {
  std::string name;
  std::string dtype;  // F32; F64 of a float64 model; I64
  std::vector<int64_t> shape;

  uint64_t bytes() const;
};

// Where a capture goes: first all tensors, then their bytes (little-endian, row-major), tensor after tensor without a
// gap, cut anywhere. What it throws ends the capture.
class CaptureSink {
 public:
  virtual ~CaptureSink() = default;
  virtual void Begin(const std::vector<TensorInfo>& tensors) = 0;
  virtual void Bytes(const char* data, size_t size) = 0;
};

struct CaptureResult {
  std::vector<TensorInfo> tensors;
  std::vector<std::string> classes;  // of kMeanPerClass: those present, in order
  std::vector<int64_t> positions;    // what the position dimension holds
};

inline constexpr uint64_t kCaptureGroupBytes = 256ull << 20;
inline constexpr int64_t kMaxCaptureFeatures = 20000;  // of one hook under kComponents
inline constexpr uint32_t kMaxCaptureComponents = 50;

// Streams activations of the questions, teacher-forced, to the sink:
//   kNone              "tokens" I64 [questions, n_ctx], then each hook [questions, ..]. Hooks are read in groups of
//   less
//                      than `group_bytes`, one pass over the questions each; a larger one has its own pass and is
//                      written batch by batch, so that memory does not grow with the questions.
//   kMeanOverQuestions each hook without its question dimension, summed in float64.
//   kMeanPerClass      each hook [classes, ..].
//   kComponents        of each hook NAME.scores [questions, k], NAME.axes [k, features], NAME.mean [features],
//                      NAME.evr [k] (principal_components.h); masked attention scores, which are -inf, count as 0.
// Throws kInvalidArgument: UNKNOWN_HOOK, NO_HOOKS, BAD_POSITION (outside the line, or twice), BAD_COMPONENTS,
// TOO_FEW_QUESTIONS (components of one question), RESULT_TOO_LARGE, TASK_NOT_APPLICABLE (classes of a product);
// kCancelled.
CaptureResult Capture(const Model& model, const QuestionSource& questions, const CaptureRequest& request,
                      CaptureSink* sink, const ProgressFn& progress = nullptr,
                      uint64_t group_bytes = kCaptureGroupBytes);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_REPRESENTATIONS_CAPTURE_H_

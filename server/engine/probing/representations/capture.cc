#include "server/engine/probing/representations/capture.h"

#include <algorithm>
#include <map>
#include <set>

#include "server/engine/data/classes.h"
#include "server/engine/probing/forward/activations.h"
#include "server/engine/probing/statistics/principal_components.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

// One hook and the shape of one question's activation at the chosen positions.
struct HookPart {
  std::string hook;
  std::vector<int64_t> shape;
  int64_t features = 1;
};
using Group = std::vector<HookPart>;

std::vector<int64_t> Prefixed(int64_t first, const std::vector<int64_t>& rest) {
  std::vector<int64_t> shape = {first};
  shape.insert(shape.end(), rest.begin(), rest.end());
  return shape;
}

class Capturer {
 public:
  Capturer(const Model& model, const QuestionSource& questions, const CaptureRequest& request, CaptureSink* sink,
           const ProgressFn& progress, uint64_t group_bytes)
      : reader_(model),
        questions_(questions),
        request_(request),
        sink_(sink),
        progress_(progress),
        group_bytes_(group_bytes),
        count_(static_cast<int64_t>(questions.count())),
        type_(reader_.dtype() == torch::kFloat64 ? "F64" : "F32"),
        item_bytes_(reader_.dtype() == torch::kFloat64 ? 8 : 4) {}

  CaptureResult Run() {
    FindPositions();
    FindHooks();
    switch (request_.reduction) {
      case CaptureReduction::kNone:
        RunUnreduced();
        break;
      case CaptureReduction::kMeanOverQuestions:
      case CaptureReduction::kMeanPerClass:
        RunMeans();
        break;
      case CaptureReduction::kComponents:
        RunComponents();
        break;
    }
    return result_;
  }

 private:
  static void Refuse(const char* reason, const std::string& text) {
    throw Error(ErrorKind::kInvalidArgument, reason, text);
  }

  void FindPositions() {
    result_.positions = request_.positions;
    const int64_t n_ctx = reader_.encoding().n_ctx();
    if (result_.positions.empty()) {
      for (int64_t position = 0; position < n_ctx; ++position) result_.positions.push_back(position);
    }
    std::set<int64_t> seen;
    for (const int64_t position : result_.positions) {
      if (position < 0 || position >= n_ctx || !seen.insert(position).second) {
        Refuse("BAD_POSITION", "position " + std::to_string(position) + " is outside the line or named twice");
      }
    }
    index_ = torch::tensor(result_.positions, torch::kInt64);
  }

  // The shapes are those of one question's pass.
  void FindHooks() {
    if (request_.hooks.empty()) Refuse("NO_HOOKS", "no hook to capture");
    Questions one;
    questions_.Fill(0, 1, &one);
    const ActivationReader::Values values = reader_.ReadBatch(one, request_.hooks);
    std::set<std::string> seen;
    for (const std::string& hook : request_.hooks) {
      if (!seen.insert(hook).second) continue;
      const torch::Tensor own = At(values, hook).select(0, 0);
      hooks_.push_back({hook, own.sizes().vec(), own.numel()});
    }
  }

  // A hook's value at the chosen positions.
  torch::Tensor At(const ActivationReader::Values& values, const std::string& hook) const {
    return values.at(hook).index_select(PositionDimension(hook), index_);
  }

  // Consecutive hooks whose buffers of bytes_of(hook) stay below the limit together; a larger one is alone.
  template <typename BytesOf>
  std::vector<Group> Groups(const BytesOf& bytes_of) const {
    std::vector<Group> groups;
    uint64_t held = 0;
    for (const HookPart& part : hooks_) {
      const uint64_t bytes = bytes_of(part);
      if (groups.empty() || held + bytes >= group_bytes_) {
        groups.emplace_back();
        held = 0;
      }
      groups.back().push_back(part);
      held += bytes;
    }
    return groups;
  }

  // One pass over the questions for a group, the `pass`-th of `passes`.
  void Read(const Group& group, size_t pass, size_t passes, const ActivationReader::Visit& visit) const {
    std::vector<std::string> hooks;
    for (const HookPart& part : group) hooks.push_back(part.hook);
    const double all = static_cast<double>(passes);
    reader_.Read(questions_, hooks, visit,
                 Part(progress_, static_cast<double>(pass) / all, static_cast<double>(pass + 1) / all));
  }

  void Begin() { sink_->Begin(result_.tensors); }

  void Write(const torch::Tensor& tensor) {
    const torch::Tensor whole = tensor.contiguous();
    sink_->Bytes(static_cast<const char*>(whole.data_ptr()), whole.nbytes());
  }

  void WriteTokens() {
    Questions batch;
    const auto chunk = static_cast<uint64_t>(reader_.batch_size());
    for (uint64_t first = 0; first < questions_.count(); first += chunk) {
      questions_.Fill(first, std::min(chunk, questions_.count() - first), &batch);
      Write(reader_.encoding().Encode(batch));
    }
  }

  void RunUnreduced() {
    result_.tensors.push_back({"tokens", "I64", {count_, reader_.encoding().n_ctx()}});
    for (const HookPart& part : hooks_) result_.tensors.push_back({part.hook, type_, Prefixed(count_, part.shape)});
    Begin();
    WriteTokens();
    const auto bytes_of = [&](const HookPart& part) {
      return static_cast<uint64_t>(count_) * static_cast<uint64_t>(part.features) * item_bytes_;
    };
    const std::vector<Group> groups = Groups(bytes_of);
    for (size_t g = 0; g < groups.size(); ++g) {
      const Group& group = groups[g];
      if (group.size() == 1 && bytes_of(group[0]) >= group_bytes_) {
        Read(group, g, groups.size(), [&](uint64_t, const Questions&, const ActivationReader::Values& values) {
          Write(At(values, group[0].hook));
        });
        continue;
      }
      for (const torch::Tensor& whole : Collect(group, g, groups.size(), reader_.dtype())) Write(whole);
    }
  }

  // The activations of a group over all questions.
  std::vector<torch::Tensor> Collect(const Group& group, size_t pass, size_t passes, torch::ScalarType dtype) const {
    std::vector<torch::Tensor> wholes;
    for (const HookPart& part : group) wholes.push_back(torch::empty(Prefixed(count_, part.shape), dtype));
    Read(group, pass, passes, [&](uint64_t first, const Questions& batch, const ActivationReader::Values& values) {
      const auto begin = static_cast<int64_t>(first), end = static_cast<int64_t>(first + batch.size());
      for (size_t i = 0; i < group.size(); ++i) wholes[i].slice(0, begin, end).copy_(At(values, group[i].hook));
    });
    return wholes;
  }

  // Questions of each class present, in the order of the classes; also sets result_.classes. One row for all questions
  // when the mean is over all of them.
  std::map<QuestionClass, int64_t> CountRows(std::vector<double>* counts) {
    std::map<QuestionClass, int64_t> rows;
    if (request_.reduction == CaptureReduction::kMeanOverQuestions) {
      counts->push_back(static_cast<double>(count_));
      return rows;
    }
    std::map<QuestionClass, double> found;
    Questions batch;
    constexpr uint64_t kChunk = 65536;
    for (uint64_t first = 0; first < questions_.count(); first += kChunk) {
      questions_.Fill(first, std::min(kChunk, questions_.count() - first), &batch);
      for (const Question& question : batch) ++found[Classify(question)];
    }
    for (const auto& [question_class, count] : found) {
      rows[question_class] = static_cast<int64_t>(rows.size());
      counts->push_back(count);
      result_.classes.emplace_back(ClassName(question_class));
    }
    return rows;
  }

  void RunMeans() {
    std::vector<double> counts;
    const std::map<QuestionClass, int64_t> rows = CountRows(&counts);
    const auto n_rows = static_cast<int64_t>(counts.size());
    const bool per_class = request_.reduction == CaptureReduction::kMeanPerClass;
    for (const HookPart& part : hooks_) {
      result_.tensors.push_back({part.hook, type_, per_class ? Prefixed(n_rows, part.shape) : part.shape});
    }
    Begin();
    const std::vector<Group> groups = Groups(
        [&](const HookPart& part) { return 8 * static_cast<uint64_t>(n_rows) * static_cast<uint64_t>(part.features); });
    for (size_t g = 0; g < groups.size(); ++g) {
      std::vector<torch::Tensor> sums;
      for (const HookPart& part : groups[g]) sums.push_back(torch::zeros({n_rows, part.features}, torch::kFloat64));
      Read(groups[g], g, groups.size(), [&](uint64_t, const Questions& batch, const ActivationReader::Values& values) {
        std::vector<int64_t> row_of;
        for (const Question& question : batch) row_of.push_back(per_class ? rows.at(Classify(question)) : 0);
        const torch::Tensor index = torch::tensor(row_of, torch::kInt64);
        for (size_t i = 0; i < sums.size(); ++i) {
          sums[i].index_add_(0, index, At(values, groups[g][i].hook).flatten(1).to(torch::kFloat64));
        }
      });
      const torch::Tensor divisor = torch::tensor(counts, torch::kFloat64).unsqueeze(1);
      for (const torch::Tensor& sum : sums) Write((sum / divisor).to(reader_.dtype()));
    }
  }

  void CheckComponents() const {
    if (request_.components == 0 || request_.components > kMaxCaptureComponents) {
      Refuse("BAD_COMPONENTS", "components must be 1 to 50");
    }
    if (count_ < 2) Refuse("TOO_FEW_QUESTIONS", "components need at least 2 questions");
    for (const HookPart& part : hooks_) {
      if (part.features > kMaxCaptureFeatures ||
          8 * static_cast<uint64_t>(count_) * static_cast<uint64_t>(part.features) > kMaxHeldBytes) {
        Refuse("RESULT_TOO_LARGE", "components of " + part.hook + ": " + std::to_string(part.features) +
                                       " features of " + std::to_string(count_) +
                                       " questions; name fewer positions or questions");
      }
    }
  }

  void RunComponents() {
    CheckComponents();
    for (const HookPart& part : hooks_) {
      const int64_t k = std::min({static_cast<int64_t>(request_.components), count_, part.features});
      result_.tensors.push_back({part.hook + ".scores", type_, {count_, k}});
      result_.tensors.push_back({part.hook + ".axes", type_, {k, part.features}});
      result_.tensors.push_back({part.hook + ".mean", type_, {part.features}});
      result_.tensors.push_back({part.hook + ".evr", type_, {k}});
    }
    Begin();
    const std::vector<Group> groups = Groups(
        [&](const HookPart& part) { return 8 * static_cast<uint64_t>(count_) * static_cast<uint64_t>(part.features); });
    for (size_t g = 0; g < groups.size(); ++g) {
      for (const torch::Tensor& whole : Collect(groups[g], g, groups.size(), torch::kFloat64)) {
        const torch::Tensor points = whole.flatten(1);
        points.masked_fill_(points.isinf(), 0);
        const PrincipalComponents found = FindPrincipalComponents(points, request_.components);
        for (const torch::Tensor* part : {&found.scores, &found.axes, &found.mean, &found.evr}) {
          Write(part->to(reader_.dtype()));
        }
      }
    }
  }

  const ActivationReader reader_;
  const QuestionSource& questions_;
  const CaptureRequest& request_;
  CaptureSink* const sink_;
  const ProgressFn& progress_;
  const uint64_t group_bytes_;
  const int64_t count_;
  const std::string type_;
  const uint64_t item_bytes_;
  torch::Tensor index_;
  std::vector<HookPart> hooks_;
  CaptureResult result_;
};

}  // namespace

uint64_t TensorInfo::bytes() const {
  uint64_t product = dtype == "F32" ? 4 : 8;
  for (const int64_t size : shape) product *= static_cast<uint64_t>(size);
  return product;
}

CaptureResult Capture(const Model& model, const QuestionSource& questions, const CaptureRequest& request,
                      CaptureSink* sink, const ProgressFn& progress, uint64_t group_bytes) {
  const torch::NoGradGuard no_grad;
  return Capturer(model, questions, request, sink, progress, group_bytes).Run();
}

}  // namespace sumscope::engine

#include "server/engine/probing/representations/linear_probe.h"

#include <algorithm>
#include <unordered_set>

#include "server/engine/data/sources.h"
#include "server/engine/probing/forward/activations.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

// Where the activation is.
struct Place {
  std::string hook;
  int64_t position;
  int64_t head;  // -1: all of them, flattened
};

Place PlaceOf(const Model& model, const LinearProbeRequest& request) {
  Place place = {request.hook, request.position, -1};
  if (request.node.has_value()) {
    CheckNode(model.config, *request.node);
    place = {HookOf(*request.node), request.node->position,
             request.node->kind == Node::Kind::kHead ? request.node->head : -1};
  }
  if (place.position < 0 || place.position >= model.config.n_ctx) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_POSITION", "a probe reads one position of the line");
  }
  return place;
}

// [batch, features] float64.
torch::Tensor RowsOf(const Place& place, const torch::Tensor& value) {
  torch::Tensor rows = value.select(PositionDimension(place.hook), place.position);
  if (place.head >= 0) rows = rows.select(1, place.head);
  if (IsAttentionHook(place.hook)) rows = rows.slice(2, 0, place.position + 1);
  return rows.flatten(1).to(torch::kFloat64);
}

// The questions to which the feature applies, each once.
Questions Selected(const QuestionSource& source, const Feature& feature) {
  constexpr uint64_t kChunk = 65536;
  Questions selected, chunk;
  std::unordered_set<std::string> seen;
  for (uint64_t first = 0; first < source.count(); first += kChunk) {
    source.Fill(first, std::min(kChunk, source.count() - first), &chunk);
    for (const Question& question : chunk) {
      if (Applies(feature, question) && seen.insert(QuestionText(question)).second) selected.push_back(question);
    }
  }
  if (selected.size() < 2) {
    throw Error(ErrorKind::kInvalidArgument, "TOO_FEW_QUESTIONS",
                "the feature " + FeatureText(feature) + " applies to fewer than two of the questions");
  }
  return selected;
}

// Labels as indexes into `present`, the labels that occur.
std::vector<int64_t> DenseLabels(const Questions& questions, const Feature& feature, std::vector<ProbeLabel>* present) {
  const std::vector<std::string> names = LabelNames(feature.kind);
  std::vector<int64_t> labels, dense(names.size(), -1);
  std::vector<uint32_t> counts(names.size(), 0);
  for (const Question& question : questions) {
    labels.push_back(LabelOf(feature, question));
    ++counts[static_cast<size_t>(labels.back())];
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (counts[i] == 0) continue;
    dense[i] = static_cast<int64_t>(present->size());
    present->push_back({names[i], counts[i]});
  }
  for (int64_t& label : labels) label = dense[static_cast<size_t>(label)];
  return labels;
}

torch::Tensor ReadRows(const ActivationReader& reader, const Place& place, const Questions& questions,
                       const ProgressFn& progress) {
  const auto count = static_cast<int64_t>(questions.size());
  torch::Tensor rows;
  reader.Read(
      *ListSource(questions), {place.hook},
      [&](uint64_t first, const Questions& batch, const ActivationReader::Values& values) {
        const torch::Tensor own = RowsOf(place, values.at(place.hook));
        if (first == 0) {
          if (8.0 * static_cast<double>(count) * static_cast<double>(own.size(1)) >
              static_cast<double>(kMaxHeldBytes)) {
            throw Error(ErrorKind::kInvalidArgument, "RESULT_TOO_LARGE", "too many questions for features so many");
          }
          rows = torch::empty({count, own.size(1)}, torch::kFloat64);
        }
        rows.slice(0, static_cast<int64_t>(first), static_cast<int64_t>(first + batch.size())).copy_(own);
      },
      progress);
  return rows;
}

}  // namespace

LinearProbeResult LinearProbe(const Model& model, const QuestionSource& questions, const LinearProbeRequest& request,
                              const ProgressFn& progress) {
  const Place place = PlaceOf(model, request);
  if (request.feature.column < 0 || request.feature.column >= model.n_digits) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_DIGIT", "the questions have no column of that feature");
  }
  const ActivationReader reader(model);
  const Questions selected = Selected(questions, request.feature);
  LinearProbeResult result;
  const std::vector<int64_t> labels = DenseLabels(selected, request.feature, &result.labels);
  const torch::Tensor rows = ReadRows(reader, place, selected, Part(progress, 0, 0.5));
  const ProbeFit fit = FitLinearProbe(rows, labels, static_cast<int64_t>(result.labels.size()),
                                      {request.held_out, request.l2, request.seed}, Part(progress, 0.5, 1));
  result.trained_on = static_cast<uint32_t>(fit.split.train.size());
  result.held_out = fit.held_out;
  result.train = fit.train;
  result.shuffled = fit.shuffled;
  result.majority = fit.majority;
  result.iterations = fit.iterations;
  return result;
}

}  // namespace sumscope::engine

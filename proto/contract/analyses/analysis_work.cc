#include "proto/contract/analyses/analysis_work.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "proto/contract/analyses/node_counts.h"
#include "proto/contract/complete_spec.h"
#include "proto/contract/node_names.h"
#include "proto/contract/tasks.h"

namespace sumscope {
namespace {

constexpr double kGeneratedSample = 10'000;  // questions that evaluate lets the model answer by itself, unless all
constexpr double kHeldoutQuestions = 10'000;
constexpr double kAskReference = 1000;  // questions behind the means of `ask`
constexpr double kOutShare = 3.0 / 4;   // of a layer: all but queries, keys and values

// Rows of one question, and those of them that predict an answer token: the last ones.
struct Rows {
  explicit Rows(const v1::TrainSpec& spec)
      : layers(spec.n_layers()),
        all(ContextLength(spec) - 1.0),
        answer(static_cast<double>(AnswerTokenNames(spec).size())),
        flops(WorkOfPass(spec).flops / (layers * all)),
        patterns(spec.n_heads() * all),
        logits(AnswerLogits(spec)) {}
  double layers, all, answer;
  double flops, patterns;  // of one row of one layer
  double logits;
};

// An intervention in `layer` at `own` rows from row `position` on: one row, or all of them. Later layers compute the
// rows that may see it, the last one only answer rows; queries, keys and values change from the layer after the next
// on, and with them the patterns.
Work WorkOfRerun(const Rows& rows, double layer, double position, double own) {
  const double first_answer = rows.all - rows.answer, below = rows.all - position;
  const double last = std::max(0.0, rows.all - std::max(position, first_answer));
  const double later = rows.layers - layer - 1;
  double computed = 0, attended = 0;
  if (later == 0) {
    computed = kOutShare * (own > 1 ? last : position >= first_answer ? 1 : 0);
  } else if (later == 1) {
    computed = kOutShare * (own + last);
    attended = last;
  } else {
    attended = (later - 1) * below + last;
    computed = kOutShare * (own + below) + (later - 2) * below + last;
  }
  return {rows.flops * computed, rows.patterns * attended + rows.logits};
}

// Interventions in `nodes_per_place` single nodes at every row from `first` on of every layer.
Work WorkOfSweep(const v1::TrainSpec& spec, double first, double nodes_per_place) {
  const Rows rows(spec);
  Work work;
  for (double layer = 0; layer < rows.layers; ++layer) {
    for (double position = first; position < rows.all; ++position) {
      work = work + WorkOfRerun(rows, layer, position, 1);
    }
  }
  return nodes_per_place * work;
}

// Interventions in the named sets, each from its lowest layer and row on.
Work WorkOfSets(const v1::TrainSpec& spec, const google::protobuf::RepeatedPtrField<std::string>& sets) {
  const Rows rows(spec);
  Work work;
  for (const std::string& set : sets) {
    double layer = rows.layers, position = rows.all, own = 1;
    for (const absl::string_view text : absl::StrSplit(set, ',')) {
      const std::optional<NodeName> node = ReadNodeName(text);
      if (!node) continue;
      layer = std::min<double>(layer, node->layer);
      position = std::min<double>(position, node->position.value_or(0));
      if (!node->position) own = rows.all;
    }
    work = work + WorkOfRerun(rows, std::min(layer, rows.layers - 1), position, own);
  }
  return work;
}

// One generated answer: of a single layer the first layer's table has all that it reads.
Work WorkOfGenerated(const v1::TrainSpec& spec) { return spec.n_layers() == 1 ? WorkOfAnswer(spec) : WorkOfPass(spec); }

// Passes that a mode needs before anything is ablated: its means, or those of the donors.
double ModePasses(v1::AblationMode mode) { return mode == v1::ZERO ? 0 : 1; }

// Every head and MLP at every row.
Work WorkOfMap(const v1::TrainSpec& spec, v1::AblationMode mode, double questions) {
  return questions * ((1 + ModePasses(mode)) * WorkOfPass(spec) + WorkOfSweep(spec, 0, spec.n_heads() + 1.0));
}

Work WorkOfPatches(const v1::TrainSpec& spec, bool head_pairs) {
  const double heads = spec.n_heads();
  return WorkOfSweep(spec, spec.n_digits(), heads + (head_pairs ? heads * (heads - 1) / 2 : 0));
}

// The map of useful nodes, the patterns of all questions, and the pairs of every task.
Work WorkOfSubtasks(const v1::TrainSpec& spec, v1::AblationMode mode, double questions) {
  const double tasks =
      static_cast<double>(AllTasks(spec.operation() == v1::MAS ? v1::MIX : spec.operation(), spec.n_digits()).size());
  return WorkOfMap(spec, mode, questions) + 2 * questions * WorkOfPass(spec) +
         tasks * (2 * WorkOfPass(spec) + WorkOfPatches(spec, /*head_pairs=*/true));
}

// Everything of the verdict is generated; the held-out loss is not.
Work WorkOfVerdict(const v1::TrainSpec& spec, uint32_t per_cell, double questions) {
  const bool adds = RunHasOperation(spec, v1::ADD), subtracts = RunHasOperation(spec, v1::SUB);
  const double of_classes = 2.0 * per_cell * (adds + subtracts);
  return (VerdictQuestions(spec, per_cell) + of_classes + questions) * WorkOfGenerated(spec) +
         (questions + (adds ? kHeldoutQuestions : 0)) * WorkOfAnswer(spec);
}

Work WorkOfPca(const v1::TrainSpec& spec, const v1::PcaRequest& request, double questions) {
  // The distances of three silhouettes, about 10 ns a pair: as many operations as an intervention does meanwhile.
  constexpr double kFlopsPerPair = 600;
  const auto nodes = static_cast<double>(CountPcaNodes(spec, request));
  return questions * WorkOfPass(spec) + Work{nodes * questions * questions * kFlopsPerPair, 0};
}

Work WorkOfEvaluate(const v1::TrainSpec& spec, bool generate, double questions) {
  return questions * WorkOfAnswer(spec) +
         (generate ? questions : std::min(questions, kGeneratedSample)) * WorkOfGenerated(spec);
}

}  // namespace

double CountPairs(const v1::PairQuestions& pairs) {
  static const std::set<std::string> kOfAllDigits = {"SA", "MD", "ND"};
  std::set<std::string> seen;
  double count = pairs.pairs_size();
  for (const std::string& task : pairs.tasks()) {  // complete: A2.SA
    const std::string kind = task.substr(task.find('.') + 1);
    if (kOfAllDigits.count(kind) > 0) {
      count += seen.insert(kind).second ? 2 : 0;
    } else {
      count += kind == "GT" ? 2 : 1;
    }
  }
  return count;
}

double VerdictQuestions(const v1::TrainSpec& spec, uint32_t per_cell) {
  const double n = spec.n_digits();
  const double cells = (RunHasOperation(spec, v1::ADD) ? n * (n + 1) / 2 : 0) +
                       (RunHasOperation(spec, v1::SUB) ? n * (n - 1) : 0);  // both signs
  return cells * per_cell;
}

AnalysisWork WorkOfAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request, double questions) {
  const Work pass = WorkOfPass(spec);
  switch (request.kind_case()) {
    case v1::AnalysisRequest::kEvaluate:
      return {WorkOfEvaluate(spec, request.evaluate().generate(), questions), {}};
    case v1::AnalysisRequest::kCascades:
      return {WorkOfVerdict(spec, request.cascades().per_cell(), questions), {}};
    case v1::AnalysisRequest::kAlgorithm:
      return {WorkOfVerdict(spec, request.algorithm().per_cell(), questions),
              WorkOfSubtasks(spec, request.algorithm().mode(), questions)};
    case v1::AnalysisRequest::kSubtasks:
      return {{}, WorkOfSubtasks(spec, request.subtasks().mode(), questions)};
    case v1::AnalysisRequest::kAblate:
      return {{},
              questions *
                  ((1 + ModePasses(request.ablate().mode())) * pass + WorkOfSets(spec, request.ablate().node_sets()))};
    case v1::AnalysisRequest::kUsefulNodes:
      return {{}, WorkOfMap(spec, request.useful_nodes().mode(), questions)};
    case v1::AnalysisRequest::kPatch: {
      const v1::PatchRequest& patch = request.patch();
      return {{},
              questions * (2 * pass + (patch.node_sets().empty() ? WorkOfPatches(spec, patch.head_pairs())
                                                                 : WorkOfSets(spec, patch.node_sets())))};
    }
    case v1::AnalysisRequest::kPca:
      return {{}, WorkOfPca(spec, request.pca(), questions)};
    case v1::AnalysisRequest::kAsk: {
      const bool means = !request.ask().ablate().empty() && request.ask().mode() != v1::ZERO;
      return {{}, (questions * 4 + (means ? kAskReference : 0)) * pass};
    }
    default:
      return {{}, questions * pass};
  }
}

}  // namespace sumscope

#include "proto/contract/analyses/analysis_work.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/str_split.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/models/table_cost.h"
#include "proto/contract/names/tasks.h"

namespace sumscope {
namespace {

constexpr double kOutShare = 3.0 / 4;  // of a layer: all but queries, keys and values

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

// Of a single layer the first layer's table has all that it reads.
Work WorkOfGenerated(const v1::TrainSpec& spec) { return spec.n_layers() == 1 ? WorkOfAnswer(spec) : WorkOfPass(spec); }

Work WorkOfAnswers(const v1::TrainSpec& spec, const AnswerCounts& counts) {
  if (!AnswersByTables(spec)) return counts.forced * WorkOfAnswer(spec) + counts.generated * WorkOfGenerated(spec);
  return WorkOfTables(spec) + (counts.forced + counts.generated) * WorkOfTableAnswer(spec) +
         counts.losses * WorkOfTableLoss(spec);
}

double MapNodes(const v1::TrainSpec& spec) {
  const double n_ctx = ContextLength(spec), layers = spec.n_layers(), heads = spec.n_heads();
  return (heads + 1) * layers * (n_ctx - 1);
}

Work WorkOfMap(const v1::TrainSpec& spec, v1::AblationMode mode, double questions) {
  const Rows rows(spec);
  // Every row as it is, for what nodes hold; each head changes one.
  const double computed = (1 + ModePasses(mode)) * rows.all + spec.n_heads() * rows.answer;
  return WorkOfChanges(spec, questions, MapNodes(spec), computed, WorkOfMapByPasses(spec, mode, questions));
}

Work WorkOfMapByPasses(const v1::TrainSpec& spec, v1::AblationMode mode, double questions) {
  return questions * ((1 + ModePasses(mode)) * WorkOfPass(spec) + WorkOfSweep(spec, 0, spec.n_heads() + 1.0));
}

double PatchedNodes(const v1::TrainSpec& spec, bool head_pairs) {
  const double rows = ContextLength(spec) - 1.0 - spec.n_digits();  // from the operator to the last answer row
  const double layers = spec.n_layers(), heads = spec.n_heads();
  return heads * layers * rows + (head_pairs ? heads * (heads - 1) / 2 * layers * rows : 0);
}

Work WorkOfPatches(const v1::TrainSpec& spec, bool head_pairs) {
  const double heads = spec.n_heads();
  return WorkOfSweep(spec, spec.n_digits(), heads + (head_pairs ? heads * (heads - 1) / 2 : 0));
}

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

Work WorkOfChanges(const v1::TrainSpec& spec, double questions, double sets, double rows, const Work& by_passes) {
  if (!ChangesByTables(spec, questions, sets)) return by_passes;
  return WorkOfTables(spec) + questions * rows * WorkOfTableRow(spec);
}

double ChangedRows(const v1::TrainSpec& spec, bool head_pairs) {
  const double heads = spec.n_heads();
  return (heads + (head_pairs ? heads * (heads - 1) / 2 : 0)) * Rows(spec).answer;
}

double ChangedRows(const v1::TrainSpec& spec, const google::protobuf::RepeatedPtrField<std::string>& sets) {
  double rows = 0;
  for (const std::string& set : sets) {
    for (const absl::string_view text : absl::StrSplit(set, ',')) {
      const std::optional<NodeName> node = ReadNodeName(text);
      rows += node && node->position ? 1 : Rows(spec).answer;
    }
  }
  return rows;
}

double ModePasses(v1::AblationMode mode) { return mode == v1::ZERO ? 0 : 1; }

double SubtaskNodes(const v1::TrainSpec& spec) { return MapNodes(spec) + PatchedNodes(spec, /*head_pairs=*/true); }

Work WorkOfSubtasks(const v1::TrainSpec& spec, v1::AblationMode mode, double questions) {
  const double tasks =
      static_cast<double>(AllTasks(spec.operation() == v1::MAS ? v1::MIX : spec.operation(), spec.n_digits()).size());
  return WorkOfMap(spec, mode, questions) + 2 * questions * WorkOfPass(spec) +
         tasks * (2 * WorkOfPass(spec) + WorkOfPatches(spec, /*head_pairs=*/true));
}

}  // namespace sumscope

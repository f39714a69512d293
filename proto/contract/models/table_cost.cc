#include "proto/contract/models/table_cost.h"

#include <cmath>

#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/models/node_names.h"

namespace sumscope {
namespace {

constexpr double kMaxTableBytes = 1e9;
constexpr double kLogitColumns = 16, kBlockColumns = 64;  // to whose multiples the tables' columns are filled up

struct TableSizes {
  explicit TableSizes(const v1::TrainSpec& spec)
      : d_model(std::ceil(spec.d_model() / kBlockColumns) * kBlockColumns),
        d_mlp(std::ceil(spec.d_mlp() / kBlockColumns) * kBlockColumns),
        heads(spec.n_heads()),
        positions(ContextLength(spec) - 1.0),
        answer_rows(static_cast<double>(AnswerTokenNames(spec).size())),
        pairs(positions * static_cast<double>(VocabularySize(spec))),
        rows((1 + heads) * pairs) {}

  double Floats() const {
    return rows * (d_model + d_mlp + kLogitColumns) + pairs * rows + d_mlp * (d_model + kLogitColumns);
  }

  double d_model, d_mlp, heads, positions, answer_rows;
  double pairs;  // of a position and a token
  double rows;   // of the tables
};

}  // namespace

bool AnswersByTables(const v1::TrainSpec& spec) {
  return spec.n_layers() == 1 && spec.precision() != v1::FLOAT64 &&
         sizeof(float) * TableSizes(spec).Floats() <= kMaxTableBytes;
}

double TableBytes(const v1::TrainSpec& spec) {
  const TableSizes of(spec);
  return sizeof(float) * of.Floats() + sizeof(double) * (3 * of.rows * of.d_model + 3 * of.d_model * of.d_mlp);
}

Work WorkOfTables(const v1::TrainSpec& spec) {
  constexpr double kFloat64 = 2;  // as long as float32
  const TableSizes of(spec);
  return {kFloat64 * 2 * of.rows * of.d_model * of.d_mlp, of.pairs * of.rows};
}

Work WorkOfTableAnswer(const v1::TrainSpec& spec) {
  constexpr double kPerToken = 10;  // values of a question that is drawn, encoded and added up
  const TableSizes of(spec);
  const double terms = 1 + of.heads * of.positions;
  return {2 * of.answer_rows * (terms * (of.d_model + of.d_mlp) + kLogitColumns * of.d_mlp),
          of.answer_rows * of.heads * of.positions + kPerToken * of.positions + AnswerLogits(spec)};
}

Work WorkOfTableLoss(const v1::TrainSpec& spec) {
  const TableSizes of(spec);
  return {2 * of.answer_rows * of.d_mlp * of.d_model, of.answer_rows * of.d_model + AnswerLogits(spec)};
}

bool ChangesByTables(const v1::TrainSpec& spec, double questions, double sets) {
  const double n_ctx = ContextLength(spec);
  const double table_rows = (1.0 + spec.n_heads()) * n_ctx * static_cast<double>(VocabularySize(spec));
  return AnswersByTables(spec) && questions * (n_ctx + sets) >= table_rows;
}

Work WorkOfTableRow(const v1::TrainSpec& spec) {
  const TableSizes of(spec);
  const double terms = 1 + of.heads * of.positions;
  return {2 * (of.d_mlp * of.d_model + terms * (of.d_model + of.d_mlp)),
          of.heads * of.positions + AnswerLogits(spec) / of.answer_rows};
}

}  // namespace sumscope

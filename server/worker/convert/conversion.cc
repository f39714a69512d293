#include "server/worker/convert/conversion.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "server/engine/data/sources.h"
#include "server/engine/probing/evaluation/phases.h"
#include "server/engine/probing/forward/activations.h"
#include "server/engine/probing/representations/capture.h"
#include "server/engine/probing/representations/pca.h"
#include "server/worker/convert/intervals.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

// The engine includes nothing of the contract: what both say stands twice, and is held equal here.
static_assert(engine::kMinDigits == limits::kMinDigits && engine::kMaxDigits == limits::kMaxDigits);
static_assert(engine::kMaxLayers == limits::kMaxLayers && engine::kMaxHeads == limits::kMaxHeads);
static_assert(engine::kMaxDModel == limits::kMaxDModel && engine::kMaxDHead == limits::kMaxDHead);
static_assert(engine::kMaxDMlp == limits::kMaxDMlp && engine::kMaxBatchSize == limits::kMaxBatchSize);
static_assert(engine::kMaxSteps == limits::kMaxSteps && engine::kMaxQuestions == limits::kMaxQuestions);
static_assert(engine::kMaxHeldBytes == limits::kMaxHeldBytes);
static_assert(engine::kMaxPhaseWindows == limits::kMaxPhaseWindows);
static_assert(engine::kMaxPcaQuestions == limits::kMaxPcaQuestions);
static_assert(engine::kMaxPcaNodesWithScores == limits::kMaxScoredNodes);
static_assert(engine::kMaxPcaComponents == limits::kMaxPcaComponents);
static_assert(engine::kMaxCaptureFeatures == limits::kMaxComponentFeatures);
static_assert(engine::kMaxCaptureComponents == limits::kMaxCaptureComponents);
static_assert(engine::kMaxLearningRate == limits::kMaxLearningRate);
static_assert(engine::kMaxWeightDecay == limits::kMaxWeightDecay && engine::kMaxEpsilon == limits::kMaxEpsilon);

std::optional<engine::TrainOperation> Convert(api::Operation operation) {
  switch (operation) {
    case api::ADD:
      return engine::TrainOperation::kAdd;
    case api::SUB:
      return engine::TrainOperation::kSub;
    case api::MUL:
      return engine::TrainOperation::kMul;
    case api::MIX:
      return engine::TrainOperation::kMix;
    case api::MAS:
      return engine::TrainOperation::kMas;
    default:
      return std::nullopt;
  }
}

std::optional<engine::Format> Convert(api::Format format) {
  switch (format) {
    case api::PLAIN:
      return engine::Format::kPlain;
    case api::SIGNED:
      return engine::Format::kSigned;
    default:
      return std::nullopt;
  }
}

std::optional<engine::ScheduleKind> Convert(api::Schedule schedule) {
  switch (schedule) {
    case api::SCHEDULE_PAPER1:
      return engine::ScheduleKind::kPaper1;
    case api::SCHEDULE_PAPER2:
      return engine::ScheduleKind::kPaper2;
    default:
      return std::nullopt;
  }
}

std::optional<engine::Enrichment> Convert(api::Enrichment enrichment) {
  switch (enrichment) {
    case api::ENRICHMENT_NONE:
      return engine::Enrichment::kNone;
    case api::ENRICHMENT_PAPER1:
      return engine::Enrichment::kPaper1;
    case api::ENRICHMENT_PAPER2:
      return engine::Enrichment::kPaper2;
    default:
      return std::nullopt;
  }
}

std::optional<engine::InsertMode> Convert(api::InsertMode mode) {
  switch (mode) {
    case api::INSERT_NONE:
      return engine::InsertMode::kNone;
    case api::INSERT_INIT:
      return engine::InsertMode::kInit;
    case api::INSERT_USEFUL_HEADS:
      return engine::InsertMode::kUsefulHeads;
    case api::INSERT_ALL:
      return engine::InsertMode::kAll;
    case api::INSERT_ALL_ALWAYS:
      return engine::InsertMode::kAllAlways;
    default:
      return std::nullopt;
  }
}

std::optional<engine::Precision> Convert(api::Precision precision) {
  switch (precision) {
    case api::FLOAT32:
      return engine::Precision::kFloat32;
    case api::FLOAT64:
      return engine::Precision::kFloat64;
    default:
      return std::nullopt;
  }
}

// Takes field after field and remembers the first that is missing.
class SpecReader {
 public:
  template <typename From, typename To>
  void Number(const char* field, bool present, From value, To* to) {
    if (!present) return Missing(field);
    *to = static_cast<To>(value);
  }
  template <typename From, typename To>
  void Enum(const char* field, bool present, From value, To* to) {
    const std::optional<To> converted = Convert(value);
    if (!present || !converted.has_value()) return Missing(field);
    *to = *converted;
  }
  absl::Status status() const {
    if (missing_.empty()) return absl::OkStatus();
    return InvalidField(
        "SPEC_INCOMPLETE", absl::StrCat("spec.", missing_),
        absl::StrCat("spec field ", missing_, " is missing or has a value that this worker does not know"));
  }

 private:
  void Missing(const char* field) {
    if (missing_.empty()) missing_ = field;
  }
  std::string missing_;
};

// Sets the loss, -log p, where it was measured.
template <typename Part>
void SetLoss(const engine::Tally& tally, Part* part) {
  if (tally.loss_count > 0) part->set_loss(tally.loss);
}

api::Rate RateOf(const engine::Tally& tally) { return worker::RateOf(tally.correct, tally.count); }

api::CellResult Convert(const engine::CellTally& cell) {
  api::CellResult result;
  result.set_cell(cell.cell);
  *result.mutable_accuracy() = RateOf(cell.tally);
  SetLoss(cell.tally, &result);
  for (const engine::Tally& column : cell.by_column) {
    api::ColumnCell* by_column = result.add_by_column();
    *by_column->mutable_accuracy() = RateOf(column);
    SetLoss(column, by_column);
  }
  return result;
}

api::ClassResult Convert(const engine::ClassTally& tally, int n_digits) {
  api::ClassResult result;
  result.set_question_class(engine::ClassName(tally.question_class));
  *result.mutable_exact() = RateOf(tally.tally);
  SetLoss(tally.tally, &result);
  result.set_share_expected(engine::ClassShare(tally.question_class, n_digits));
  return result;
}

api::WorstQuestion Convert(const engine::WorstQuestion& worst, engine::Format format) {
  api::WorstQuestion result;
  result.set_question(engine::LineText(worst.question, format));
  result.set_predicted(worst.predicted);
  if (worst.question.op != engine::Operation::kMul) {  // products have no class
    result.set_question_class(engine::ClassName(engine::Classify(worst.question)));
  }
  result.set_loss(worst.loss);
  return result;
}

api::GeneratedResult Convert(const engine::GeneratedTally& generated, bool stratified) {
  api::GeneratedResult result;
  result.set_questions(static_cast<uint32_t>(generated.exact.count));
  if (!stratified) *result.mutable_exact() = RateOf(generated.exact);
  for (const engine::DigitTally& digit : generated.digits) {
    api::DigitResult* converted = result.add_digits();
    converted->set_digit(digit.digit);
    *converted->mutable_accuracy() = RateOf(digit.tally);
  }
  result.set_agrees_with_forced(static_cast<uint32_t>(generated.agrees_with_forced));
  return result;
}

}  // namespace

absl::StatusOr<engine::TrainSpec> ToEngine(const api::TrainSpec& from) {
  engine::TrainSpec to;
  SpecReader reader;
  reader.Enum("operation", from.has_operation(), from.operation(), &to.operation);
  reader.Number("n_digits", from.has_n_digits(), from.n_digits(), &to.n_digits);
  reader.Number("n_layers", from.has_n_layers(), from.n_layers(), &to.n_layers);
  reader.Number("n_heads", from.has_n_heads(), from.n_heads(), &to.n_heads);
  reader.Number("d_model", from.has_d_model(), from.d_model(), &to.d_model);
  reader.Number("d_head", from.has_d_head(), from.d_head(), &to.d_head);
  reader.Number("d_mlp", from.has_d_mlp(), from.d_mlp(), &to.d_mlp);
  reader.Enum("format", from.has_format(), from.format(), &to.format);
  reader.Enum("schedule", from.has_schedule(), from.schedule(), &to.schedule);
  reader.Enum("enrichment", from.has_enrichment(), from.enrichment(), &to.enrichment);
  reader.Number("grokfast", from.has_grokfast(), from.grokfast(), &to.grokfast);
  reader.Enum("insert_mode", from.has_insert_mode(), from.insert_mode(), &to.insert_mode);
  to.init_from = from.init_from();  // empty without an insert mode
  reader.Number("steps", from.has_steps(), from.steps(), &to.steps);
  reader.Number("batch_size", from.has_batch_size(), from.batch_size(), &to.batch_size);
  reader.Number("learning_rate", from.has_learning_rate(), from.learning_rate(), &to.learning_rate);
  reader.Number("weight_decay", from.has_weight_decay(), from.weight_decay(), &to.weight_decay);
  reader.Number("beta1", from.has_beta1(), from.beta1(), &to.beta1);
  reader.Number("beta2", from.has_beta2(), from.beta2(), &to.beta2);
  reader.Number("epsilon", from.has_epsilon(), from.epsilon(), &to.epsilon);
  reader.Enum("precision", from.has_precision(), from.precision(), &to.precision);
  reader.Number("seed", from.has_seed(), from.seed(), &to.seed);
  if (absl::Status status = reader.status(); !status.ok()) return status;
  return to;
}

engine::EvaluateRequest ToEngine(const api::EvaluateRequest& from) {
  engine::EvaluateRequest to;
  if (from.has_generate()) to.generate = from.generate();
  if (from.has_worst_count()) to.worst_count = from.worst_count();
  if (from.has_loss_in_full()) to.loss_in_full = from.loss_in_full();
  return to;
}

api::EvaluateResult FromEngine(const engine::EvaluateResult& from, const EvaluateContext& context) {
  api::EvaluateResult to;
  to.set_mode("forced");
  if (!context.stratified) {
    *to.mutable_exact() = RateOf(from.exact);
    if (const std::optional<uint32_t> nines = Nines(from.exact.correct, from.exact.count)) to.set_nines(*nines);
  }
  SetLoss(from.exact, &to);
  for (const engine::DigitTally& digit : from.digits) {
    api::DigitResult* converted = to.add_digits();
    converted->set_digit(digit.digit);
    *converted->mutable_accuracy() = RateOf(digit.tally);
    SetLoss(digit.tally, converted);
  }
  for (const engine::ClassTally& tally : from.classes) *to.add_classes() = Convert(tally, context.n_digits);
  for (const engine::CellTally& cell : from.cells) *to.add_cells() = Convert(cell);
  for (const engine::CascadeTally& cascade : from.cascades) {
    api::CascadeResult* converted = to.add_cascades();
    converted->set_length(cascade.length);
    converted->set_digit(cascade.digit);
    *converted->mutable_accuracy() = RateOf(cascade.tally);
    SetLoss(cascade.tally, converted);
  }
  for (const engine::WorstQuestion& worst : from.worst) *to.add_worst() = Convert(worst, context.format);
  to.set_near_ties(static_cast<uint32_t>(from.near_ties));
  to.set_by_tables(from.by_tables);
  to.set_loss_questions(static_cast<uint32_t>(from.exact.loss_count));
  to.set_rechecked(static_cast<uint32_t>(from.rechecked));
  if (from.screen_bound > 0) {
    to.mutable_screening()->set_bound(from.screen_bound);
    to.mutable_screening()->set_largest_difference(from.screen_difference);
  }
  *to.mutable_generated_sample() = Convert(from.generated_sample, context.stratified);
  return to;
}

}  // namespace sumscope::worker

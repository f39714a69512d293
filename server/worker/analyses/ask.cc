#include "server/engine/probing/interventions/ask.h"

#include "proto/contract/errors/status_macros.h"
#include "server/engine/data/classes.h"
#include "server/engine/probing/arithmetic/look_back.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/ablation.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

void Convert(const engine::AskedAnswer& from, api::AskedAnswer* to) {
  to->set_predicted(from.predicted);
  to->set_right(from.right);
  to->set_loss(from.loss);
  for (const engine::AskedToken& token : from.tokens) {
    api::AskedToken* converted = to->add_tokens();
    converted->set_digit(token.digit);
    converted->set_truth(token.truth);
    converted->set_predicted(token.predicted);
    converted->set_p_truth(token.p_truth);
    converted->set_p_predicted(token.p_predicted);
  }
}

absl::Status AppendNodes(const AnalysisInput& input, const google::protobuf::RepeatedPtrField<std::string>& texts,
                         engine::NodeSet* nodes) {
  for (const std::string& text : texts) {
    SUMSCOPE_ASSIGN_OR_RETURN(const engine::NodeSet more, ToNodeSet(input.spec(), text));
    nodes->insert(nodes->end(), more.begin(), more.end());
  }
  return absl::OkStatus();
}

}  // namespace

AnalysisOutcome RunAsk(const AnalysisInput& input) {
  constexpr int kLookBack = 2;
  const api::AskRequest& request = input.request().ask();
  const int n = input.model.n_digits;
  engine::Questions questions;
  input.questions->Fill(0, 1, &questions);
  engine::AskRequest own;
  own.question = questions.front();
  own.mode = ToEngine(request.mode());
  own.generate = request.generate();
  SUMSCOPE_RETURN_IF_ERROR(AppendNodes(input, request.ablate(), &own.ablate));
  SUMSCOPE_RETURN_IF_ERROR(AppendNodes(input, request.patch_nodes(), &own.patch_nodes));
  if (!request.patch_from().empty()) own.patch_from = engine::ParseQuestion(request.patch_from(), n);
  const engine::AskResult result = engine::Ask(input.model, own);
  api::AnalysisResult outcome;
  api::AskResult* to = outcome.mutable_ask();
  to->set_question(engine::QuestionText(own.question));
  to->set_true_answer(engine::AnswerText(engine::TrueAnswer(own.question), n, input.model.format));
  if (own.question.op != engine::Operation::kMul) {
    to->set_question_class(engine::ClassName(engine::Classify(own.question)));
    to->set_look_back_2(engine::AnswerText(engine::LookBackAnswer(own.question, kLookBack), n, input.model.format));
  }
  Convert(result.plain, to->mutable_plain());
  to->set_generated(result.generated);
  if (!result.intervened.has_value()) return outcome;
  Convert(*result.intervened, to->mutable_intervened());
  to->set_generated_intervened(result.generated_intervened);
  to->set_moved_l2(result.moved_l2);
  if (result.moved_l2 == 0) to->add_warnings("the intervention moved nothing (L2 0): the answers must agree");
  return outcome;
}

}  // namespace sumscope::worker

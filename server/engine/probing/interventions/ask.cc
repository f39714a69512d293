#include "server/engine/probing/interventions/ask.h"

#include "server/engine/data/generator.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/forward/node_means.h"
#include "server/engine/probing/forward/restart_forward.h"

namespace sumscope::engine {
namespace {

using Replacement = RestartForward::Replacement;

AskedAnswer Describe(const Encoding& encoding, const torch::Tensor& logits, const torch::Tensor& tokens) {
  const torch::Tensor p = torch::softmax(logits[0].to(torch::kCPU, torch::kFloat64), -1).contiguous();
  const int64_t* truth = tokens.data_ptr<int64_t>() + encoding.n_question();
  AnswerReading reading;
  ReadAnswer(logits.to(torch::kCPU).contiguous(), 0, truth, &reading);
  AskedAnswer answer;
  answer.predicted = encoding.Text(reading.predicted.data(), encoding.n_answer());
  answer.right = answer.predicted == encoding.Text(truth, encoding.n_answer());
  for (int j = 0; j < encoding.n_answer(); ++j) {
    const int64_t predicted = reading.predicted[static_cast<size_t>(j)];
    answer.loss += reading.loss[static_cast<size_t>(j)] / encoding.n_answer();
    answer.tokens.push_back({encoding.digit_names()[static_cast<size_t>(j)], encoding.Text(truth + j, 1),
                             encoding.Text(&predicted, 1), p[j][truth[j]].item<double>(),
                             p[j][predicted].item<double>()});
  }
  return answer;
}

std::string Generated(const RestartForward& forward, const torch::Tensor& line,
                      const std::vector<Replacement>& replacements) {
  const Encoding& encoding = forward.encoding();
  torch::Tensor tokens = line.clone();
  for (int64_t j = 0; j < encoding.n_answer(); ++j) {
    const torch::Tensor logits = forward.Rerun(forward.Run(tokens), replacements);
    tokens[0][encoding.n_question() + j] = logits[0][j].argmax().item<int64_t>();
  }
  return encoding.Text(tokens.data_ptr<int64_t>() + encoding.n_question(), encoding.n_answer());
}

std::vector<Replacement> Interventions(const RestartForward& forward, const AskRequest& request) {
  const Encoding& encoding = forward.encoding();
  std::vector<Replacement> replacements;
  if (!request.ablate.empty() && request.mode == AblationMode::kZero) {
    for (const Node& node : request.ablate) replacements.push_back({node, torch::zeros({})});
  } else if (!request.ablate.empty()) {
    const uint64_t count = request.mode == AblationMode::kMean ? kAskReferenceQuestions : 1;
    const auto source = UniformSource(request.question.op, encoding.n_digits(), count, request.seed);
    const NodeMeans means(forward, *source, nullptr);
    for (const Node& node : request.ablate) replacements.push_back({node, means.Of(node)});
  }
  if (request.patch_from.has_value()) {
    const RestartForward::Pass store = forward.Run(encoding.Encode({*request.patch_from}));
    for (const Node& node : request.patch_nodes) {
      replacements.push_back({node, RestartForward::ValueOf(store, node)});
    }
  }
  return replacements;
}

}  // namespace

AskResult Ask(const Model& model, const AskRequest& request) {
  const torch::NoGradGuard no_grad;
  const RestartForward forward(model);
  const Encoding& encoding = forward.encoding();
  const torch::Tensor tokens = encoding.Encode({request.question});
  const RestartForward::Pass pass = forward.Run(tokens);
  AskResult result;
  result.plain = Describe(encoding, pass.logits, tokens);
  if (request.generate) result.generated = Generated(forward, tokens, {});
  const std::vector<Replacement> replacements = Interventions(forward, request);
  if (replacements.empty()) return result;
  result.moved_l2 = RestartForward::Distance(pass, replacements).item<double>();
  result.intervened = Describe(encoding, forward.Rerun(pass, replacements), tokens);
  if (request.generate) result.generated_intervened = Generated(forward, tokens, replacements);
  return result;
}

}  // namespace sumscope::engine

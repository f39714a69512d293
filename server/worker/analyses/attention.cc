#include "server/engine/probing/attention/attention.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "proto/contract/models/node_names.h"
#include "server/engine/probing/interventions/node_tags.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

constexpr int kMaxTop = 5;
constexpr float kMinTop = 0.01f;

void AddTop(const api::TrainSpec& spec, const std::vector<float>& weights, api::AttentionRow* row) {
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return weights[a] > weights[b]; });
  for (size_t i = 0; i < order.size() && row->top_size() < kMaxTop && weights[order[i]] >= kMinTop; ++i) {
    api::AttentionSource* source = row->add_top();
    source->set_position(static_cast<uint32_t>(order[i]));
    source->set_meaning(PositionMeaning(spec, source->position()));
    source->set_percent(100.0 * static_cast<double>(weights[order[i]]));
  }
}

// The digit pair (D_i, D'_i) with the largest share; none where the weights are no numbers.
void AddPair(uint32_t n, const std::vector<float>& weights, api::AttentionRow* row) {
  for (uint32_t i = 0; i < n; ++i) {
    const double share = 100.0 * (static_cast<double>(weights[n - 1 - i]) + static_cast<double>(weights[2 * n - i]));
    if (std::isnan(share) || (row->has_pair() && share <= row->pair_percent())) continue;
    row->set_pair(i);
    row->set_pair_percent(share);
  }
}

}  // namespace

AnalysisOutcome RunAttention(const AnalysisInput& input) {
  const api::AttentionRequest& request = input.request().attention();
  const engine::AttentionResult result =
      engine::Attention(input.model, *input.questions, {request.all_rows(), request.per_question()}, input.progress);
  const engine::Encoding encoding(input.model.n_digits, input.model.format);
  engine::Questions questions;
  if (request.per_question()) input.questions->Fill(0, input.questions->count(), &questions);
  api::AnalysisResult outcome;
  api::AttentionResult* to = outcome.mutable_attention();
  to->set_questions(Narrow(result.questions));
  for (const engine::AttentionHead& head : result.heads) {
    api::AttentionHead* converted = to->add_heads();
    converted->set_layer(static_cast<uint32_t>(head.layer));
    converted->set_head(static_cast<uint32_t>(head.head));
    for (const engine::AttentionRow& from : head.rows) {
      api::AttentionRow* row = converted->add_rows();
      row->set_position(static_cast<uint32_t>(from.position));
      row->set_meaning(PositionMeaning(input.spec(), row->position()));
      const int64_t token = from.position - encoding.first_answer_row();
      if (token >= 0 && token < encoding.n_answer()) {
        row->set_predicts(encoding.digit_names()[static_cast<size_t>(token)]);
      }
      row->mutable_weights()->Add(from.weights.begin(), from.weights.end());
      AddTop(input.spec(), from.weights, row);
      AddPair(input.spec().n_digits(), from.weights, row);
      for (size_t q = 0; q < from.of_question.size(); ++q) {
        api::QuestionPattern* pattern = row->add_questions();
        pattern->set_question(engine::QuestionText(questions[q]));
        pattern->mutable_weights()->Add(from.of_question[q].begin(), from.of_question[q].end());
      }
    }
  }
  CopyTags(engine::AttentionTags(result), to->mutable_tags());
  return outcome;
}

}  // namespace sumscope::worker

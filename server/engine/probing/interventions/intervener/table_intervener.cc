#include "server/engine/probing/interventions/intervener/table_intervener.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "server/engine/probing/evaluation/answerer.h"

namespace sumscope::engine {
namespace {

const int64_t* TokensOf(const torch::Tensor& tokens) { return tokens.defined() ? tokens.data_ptr<int64_t>() : nullptr; }

// Shares chunks of `count` questions out among as many workers as there are: calls work(worker, first, questions).
template <typename Work>
void ForChunksOf(size_t count, size_t capacity, size_t workers, const Work& work) {
  const size_t chunks = (count + capacity - 1) / capacity;
  at::parallel_for(0, static_cast<int64_t>(workers), 1, [&](int64_t begin, int64_t end) {
    for (auto worker = static_cast<size_t>(begin); worker < static_cast<size_t>(end); ++worker) {
      for (size_t c = worker; c < chunks; c += workers) {
        work(worker, c * capacity, std::min(capacity, count - c * capacity));
      }
    }
  });
}

}  // namespace

bool TableIntervener::Fits(const Model& model) {
  return model.device.is_cpu() && DtypeOf(model) == torch::kFloat32 && RowTables::Fits(model.config, kMaxTableBytes);
}

TableIntervener::TableIntervener(const Model& model, const std::vector<NodeSet>& node_sets, NodeValue value,
                                 bool donors_answer)
    : config_(model.config),
      encoding_(model.n_digits, model.format),
      donors_answer_(donors_answer),
      checked_(CheckedWeights(model.config, model.weights, model.device, torch::kFloat32)),
      weights_(BindWeights(model.config, checked_)),
      tables_(model.config, weights_),
      plan_(model.config, encoding_, node_sets),
      jobs_(model.config, plan_, {false, value == NodeValue::kDonor, donors_answer}),
      forward_(model.config, weights_),
      values_(tables_, plan_.places().size(), value),
      rows_(model.config, plan_, donors_answer) {
  CheckEncoding(config_, encoding_);
  for (int thread = 0; thread < at::get_num_threads(); ++thread) {
    chunks_.push_back(std::make_unique<TableChunk>(tables_, plan_, jobs_, values_));
  }
}

int64_t TableIntervener::batch_size() const {
  constexpr double kBatchFlops = 10e9;
  const auto width = static_cast<double>(tables_.width), hidden = static_cast<double>(tables_.hidden_width);
  const double rows = static_cast<double>(jobs_.hidden());
  const double terms =
      static_cast<double>(plan_.places().size()) * static_cast<double>(config_.n_heads * config_.n_ctx);
  const double flops = 2 * hidden * (rows * width + terms);
  const auto at_once = static_cast<double>(TableChunk::Capacity(tables_, jobs_) * chunks_.size());
  return static_cast<int64_t>(at_once * std::clamp(std::floor(kBatchFlops / (flops * at_once)), 1.0, 64.0));
}

void TableIntervener::TakeMeans(const QuestionSource& questions, const ProgressFn& progress) {
  const RowJobs jobs(config_, plan_, {true, false, false});
  const size_t places = plan_.places().size(), capacity = TableChunk::Capacity(tables_, jobs);
  std::vector<std::unique_ptr<TableChunk>> chunks;
  std::vector<MeanSums> sums;
  for (size_t worker = 0; worker < chunks_.size(); ++worker) {
    chunks.push_back(std::make_unique<TableChunk>(tables_, plan_, jobs, values_));
    sums.emplace_back(tables_, places);
  }
  const auto step = static_cast<uint64_t>(batch_size());
  Questions batch;
  for (uint64_t first = 0; first < questions.count(); first += step) {
    questions.Fill(first, std::min(step, questions.count() - first), &batch);
    const torch::Tensor tokens = encoding_.Encode(batch);
    ForChunksOf(batch.size(), capacity, chunks.size(), [&](size_t worker, size_t begin, size_t count) {
      chunks[worker]->AddMeans(TokensOf(tokens) + begin * static_cast<size_t>(config_.n_ctx), count, &sums[worker]);
    });
    Report(progress, static_cast<double>(first + batch.size()) / static_cast<double>(questions.count()));
  }
  for (size_t worker = 1; worker < sums.size(); ++worker) sums[0].Add(sums[worker]);
  values_.Take(tables_, plan_, sums[0]);
}

void TableIntervener::RunChunks(const torch::Tensor& tokens, const torch::Tensor& donors, bool with_logits) {
  rows_.Resize(static_cast<size_t>(tokens.size(0)), with_logits);
  const size_t capacity = TableChunk::Capacity(tables_, jobs_), n_ctx = static_cast<size_t>(config_.n_ctx);
  ForChunksOf(rows_.count(), capacity, chunks_.size(), [&](size_t worker, size_t first, size_t count) {
    const int64_t* const donor = donors.defined() ? TokensOf(donors) + first * n_ctx : nullptr;
    chunks_[worker]->Run(TokensOf(tokens) + first * n_ctx, donor, count, first, &rows_);
  });
}

RowForward::Row TableIntervener::RowAt(const torch::Tensor& tokens, const torch::Tensor& donors, size_t place,
                                       size_t change, size_t q) const {
  const ChangePlan::Place& of = plan_.places()[place];
  const size_t line = q * static_cast<size_t>(config_.n_ctx);
  RowForward::Row row{TokensOf(tokens) + line, nullptr, place, of.position, {}};
  if (donors.defined()) row.donor = TokensOf(donors) + line;
  if (change > of.changes.size()) {
    row.tokens = row.donor;
  } else if (change > 0) {
    row.change = of.changes[change - 1];
  }
  return row;
}

int64_t TableIntervener::compared() const {
  constexpr size_t kRows = 512, kMost = 8;
  return static_cast<int64_t>(std::clamp<size_t>(kRows / std::max<size_t>(jobs_.jobs(), 1), 1, kMost));
}

double TableIntervener::Compare(const torch::Tensor& tokens, const torch::Tensor& donors) {
  constexpr double kTimesDifference = 16;
  RunChunks(tokens, donors, /*with_logits=*/true);
  std::vector<RowForward::Row> rows;
  for (size_t place = 0; place < plan_.places().size(); ++place) {
    if (!plan_.places()[place].answers) continue;
    for (size_t change = 0; change <= rows_.DonorOf(place); ++change) {
      for (size_t q = 0; q < rows_.count(); ++q) rows.push_back(RowAt(tokens, donors, place, change, q));
    }
  }
  std::vector<float> logits = rows_.all_logits();
  const torch::Tensor own = torch::from_blob(logits.data(), {static_cast<int64_t>(rows.size()), kSumLane});
  const double difference =
      (own.slice(1, 0, config_.d_vocab) - forward_.Logits(rows, values_)).abs().max().item<double>();
  margin_ = kNearTie + kTimesDifference * difference;
  return difference;
}

void TableIntervener::Recheck(const torch::Tensor& tokens, const torch::Tensor& donors) {
  std::vector<RowForward::Row> rows;
  std::vector<size_t> open;
  for (size_t place = 0; place < plan_.places().size(); ++place) {
    if (!plan_.places()[place].answers) continue;
    for (size_t change = 0; change <= rows_.DonorOf(place); ++change) {
      for (size_t q = 0; q < rows_.count(); ++q) {
        const RowReading& reading = rows_.reading(rows_.At(place, change, q));
        if (reading.margin > margin_ && std::isfinite(reading.loss)) continue;
        open.push_back(rows_.At(place, change, q));
        rows.push_back(RowAt(tokens, donors, place, change, q));
      }
    }
  }
  if (open.empty()) return;
  const torch::Tensor logits = forward_.Logits(rows, values_).contiguous();
  AnswerReading reading;
  for (size_t i = 0; i < open.size(); ++i) {
    ReadAnswer(logits.data_ptr<float>() + static_cast<int64_t>(i) * config_.d_vocab,
               rows[i].tokens + rows[i].position + 1, 1, static_cast<int>(config_.d_vocab), &reading);
    rows_.reading(open[i]) = {reading.predicted.front(), reading.loss.front(), reading.smallest_margin};
  }
  rechecked_ += open.size();
}

void TableIntervener::Run(const torch::Tensor& tokens, const torch::Tensor& donors) {
  const torch::NoGradGuard no_grad;
  RunChunks(tokens, donors, /*with_logits=*/false);
  Recheck(tokens, donors);
  std::vector<size_t> change(static_cast<size_t>(encoding_.n_answer()), 0);
  ReadRows(change, &unchanged_);
  if (!donors_answer_) return;
  for (size_t j = 0; j < change.size(); ++j) change[j] = rows_.DonorOf(j);
  ReadRows(change, &donors_);
}

// Answer rows are the first places, in order. `change`: what is read of each (BatchRows::At).
void TableIntervener::ReadRows(const std::vector<size_t>& change, std::vector<AnswerReading>* readings) const {
  readings->resize(rows_.count());
  for (size_t q = 0; q < rows_.count(); ++q) {
    AnswerReading& to = (*readings)[q];
    to.predicted.resize(change.size());
    to.loss.resize(change.size());
    to.smallest_margin = std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < change.size(); ++j) {
      const RowReading& row = rows_.reading(rows_.At(j, change[j], q));
      to.predicted[j] = row.predicted;
      to.loss[j] = row.loss;
      to.smallest_margin = std::min(to.smallest_margin, row.margin);
    }
  }
}

void TableIntervener::Read(size_t set, std::vector<AnswerReading>* readings) const {
  std::vector<size_t> change(static_cast<size_t>(encoding_.n_answer()), 0);
  for (const auto& [place, c] : plan_.sets()[set].answered) change[place] = 1 + c;
  ReadRows(change, readings);
}

void TableIntervener::ReadMoved(size_t set, std::vector<double>* moved) const {
  const auto heads = static_cast<size_t>(config_.n_heads);
  moved->assign(rows_.count(), 0);
  for (const auto& [place, change] : plan_.sets()[set].moved) {
    for (size_t node = 0; node < heads + 2; ++node) {
      const bool replaced = node < heads    ? (change.heads >> node & 1) != 0
                            : node == heads ? change.mlp
                                            : change.residual;
      if (!replaced) continue;
      for (size_t q = 0; q < rows_.count(); ++q) (*moved)[q] += rows_.moved(place, node, q);
    }
  }
  for (double& distance : *moved) distance = std::sqrt(distance);
}

}  // namespace sumscope::engine

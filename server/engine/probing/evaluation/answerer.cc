#include "server/engine/probing/evaluation/answerer.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

#include "server/engine/data/sources.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

// The lines `which` of tokens [count, n_ctx].
torch::Tensor LinesOf(const torch::Tensor& tokens, const std::vector<int64_t>& which) {
  if (static_cast<int64_t>(which.size()) == tokens.size(0)) return tokens;
  return tokens.index_select(0, torch::tensor(which, torch::kInt64));
}

std::vector<int64_t> AllOf(int64_t count) {
  std::vector<int64_t> all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

torch::ScalarType DtypeOf(const Model& model) {
  return !model.weights.empty() && model.weights.front().second.scalar_type() == torch::kFloat64 ? torch::kFloat64
                                                                                                 : torch::kFloat32;
}

int64_t BatchSize(const ModelConfig& config) {
  constexpr double kBatchFlops = 30e9, kTableBytes = 256 << 20;
  const auto n_ctx = static_cast<double>(config.n_ctx), n_heads = static_cast<double>(config.n_heads);
  const double flops = 4.0 * config.n_layers * config.d_model * (2.0 * n_heads * config.d_head + config.d_mlp) * n_ctx;
  const double table_bytes = 3 * sizeof(float) * n_ctx * n_heads * n_ctx * static_cast<double>(config.d_vocab);
  return std::clamp<int64_t>(static_cast<int64_t>(std::min(kBatchFlops / flops, kTableBytes / table_bytes)), 1, 512);
}

void CheckEncoding(const ModelConfig& config, const Encoding& encoding) {
  if (config.n_ctx == encoding.n_ctx() && config.d_vocab == encoding.d_vocab()) return;
  throw Error(ErrorKind::kInvalidArgument, "WRONG_DIGITS", "n_ctx and d_vocab do not fit the digits and the format");
}

Answerer::Answerer(const Model& model, AnswererUse use)
    : encoding_(model.n_digits, model.format),
      use_(std::move(use)),
      batch_size_(BatchSize(model.config)),
      config_(model.config),
      device_(model.device),
      weights_(CheckedWeights(model.config, model.weights, model.device, DtypeOf(model))),
      forward_(model.config, BindWeights(model.config, weights_),
               AnswerForward::Pairs::All(encoding_, model.device, DtypeOf(model)), model.device),
      decoder_(model.config, encoding_, BindWeights(model.config, weights_), model.device) {
  CheckEncoding(model.config, encoding_);
  table_ = forward_.MakeTable(encoding_.first_answer_row(), encoding_.n_answer());
  if (use_.by == AnswerBy::kFastest && model.device.is_cpu() && DtypeOf(model) == torch::kFloat32 &&
      AnswerTables::Fits(model.config, kMaxTableBytes) && AnswerTables::Pays(model.config, encoding_, use_.questions)) {
    MakeTables();
  }
}

void Answerer::MakeTables() {
  constexpr uint64_t kCompared = 32;  // of each operation whose answers have one sign or the other
  constexpr float kTimesDifference = 16;
  const torch::NoGradGuard no_grad;
  auto tables = std::make_unique<AnswerTables>(config_, BindWeights(config_, weights_), encoding_, use_.look);
  float difference = 0;
  for (const Operation op : {Operation::kAdd, Operation::kSub}) {
    if (op == Operation::kSub && encoding_.format() == Format::kPlain) continue;
    Questions questions;
    UniformSource(op, encoding_.n_digits(), kCompared, /*seed=*/0)->Fill(0, kCompared, &questions);
    const torch::Tensor tokens = encoding_.Encode(questions);
    Look();
    const torch::Tensor expected = Logits(tokens, 0, encoding_.n_answer());
    const torch::Tensor logits = torch::empty_like(expected);
    tables->Logits(tokens.data_ptr<int64_t>(), kCompared, {0, encoding_.n_answer()}, logits.data_ptr<float>());
    const auto largest = (logits - expected).abs().max().item<float>();
    if (!(largest <= kMaxDifference)) return;
    difference = std::max(difference, largest);
  }
  losses_by_tables_ = difference <= kMaxLossDifference;
  margin_ = std::max(AnswerTables::kMargin, kTimesDifference * difference);
  tables_ = std::move(tables);
}

torch::Tensor Answerer::Logits(const torch::Tensor& tokens, int64_t first, int64_t row_count) const {
  return forward_.Forward(tokens, table_, encoding_.first_answer_row() + first, row_count).to(torch::kCPU).contiguous();
}

void Answerer::Read(const torch::Tensor& tokens, const std::vector<int64_t>& which, bool with_loss,
                    std::vector<AnswerReading>* readings) const {
  readings->resize(static_cast<size_t>(tokens.size(0)));
  if (screened() && !with_loss) return ReadByScreen(tokens, which, readings);
  const bool by_forward = !by_tables() || (with_loss && !losses_by_tables_);
  ReadByForward(tokens, by_forward ? which : ReadByTables(tokens, which, with_loss, readings), readings);
}

void Answerer::ReadByForward(const torch::Tensor& tokens, const std::vector<int64_t>& which,
                             std::vector<AnswerReading>* readings) const {
  if (which.empty()) return;
  size_t i = 0;
  for (const torch::Tensor& lines : LinesOf(tokens, which).split(batch_size_)) {
    const torch::Tensor logits = Logits(lines, 0, encoding_.n_answer());
    for (int64_t q = 0; q < lines.size(0); ++q, ++i) {
      AnswerReading& reading = (*readings)[static_cast<size_t>(which[i])];
      ReadAnswer(logits, q, lines.data_ptr<int64_t>() + q * encoding_.n_ctx() + encoding_.n_question(), &reading);
      reading.by_forward_pass = true;
      reading.rechecked = by_tables();
      reading.screen_difference = 0;
    }
    Look();
  }
}

std::vector<int64_t> Answerer::ReadByTables(const torch::Tensor& tokens, const std::vector<int64_t>& which,
                                            bool with_loss, std::vector<AnswerReading>* readings) const {
  const auto n_answer = static_cast<size_t>(encoding_.n_answer());
  std::vector<int64_t> open = which, unsettled;
  if (!with_loss) {
    open.clear();
    const std::vector<int64_t> answers = AnswerByTables(tokens, which, {0, encoding_.n_answer()}, &open);
    for (size_t i = 0; i < which.size(); ++i) {
      AnswerReading& reading = (*readings)[static_cast<size_t>(which[i])];
      reading.predicted.assign(&answers[i * n_answer], &answers[i * n_answer] + n_answer);
      reading.loss.clear();
      reading.smallest_margin = margin_;
      reading.by_forward_pass = reading.rechecked = false;
    }
  }
  if (open.empty()) return unsettled;
  const torch::Tensor lines = LinesOf(tokens, open), logits = LogitsByTables(lines, {0, encoding_.n_answer()});
  for (size_t i = 0; i < open.size(); ++i) {
    AnswerReading& reading = (*readings)[static_cast<size_t>(open[i])];
    const int64_t* const line = lines.data_ptr<int64_t>() + static_cast<int64_t>(i) * encoding_.n_ctx();
    ReadAnswer(logits, static_cast<int64_t>(i), line + encoding_.n_question(), &reading);
    reading.by_forward_pass = reading.rechecked = false;
    if (!IsSettled(reading, margin_)) unsettled.push_back(open[i]);
  }
  return unsettled;
}

std::vector<int64_t> Answerer::AnswerByTables(const torch::Tensor& tokens, const std::vector<int64_t>& which,
                                              AnswerTables::Rows rows, std::vector<int64_t>* open) const {
  constexpr size_t kTried = 64;  // where less than half of so many are settled, logits are asked at once
  const auto row_count = static_cast<size_t>(rows.count);
  const torch::Tensor lines = LinesOf(tokens, which);
  std::vector<int64_t> answers(which.size() * row_count);
  const auto settled = std::make_unique<bool[]>(which.size());
  size_t done = 0;
  for (size_t end = std::min(kTried, which.size()); done < end; end = which.size()) {
    if (2 * open->size() > done) break;
    tables_->Answer(lines.data_ptr<int64_t>() + static_cast<int64_t>(done) * encoding_.n_ctx(), end - done, rows,
                    margin_, &answers[done * row_count], &settled[done]);
    Look();
    for (; done < end; ++done) {
      if (!settled[done]) open->push_back(which[done]);
    }
  }
  open->insert(open->end(), which.begin() + static_cast<std::ptrdiff_t>(done), which.end());
  return answers;
}

torch::Tensor Answerer::LogitsByTables(const torch::Tensor& lines, AnswerTables::Rows rows) const {
  const torch::Tensor logits = torch::empty({lines.size(0), rows.count, encoding_.d_vocab()}, torch::kFloat32);
  tables_->Logits(lines.data_ptr<int64_t>(), static_cast<size_t>(lines.size(0)), rows, logits.data_ptr<float>());
  Look();
  return logits;
}

bool Answerer::IsSettled(const AnswerReading& reading, double margin) {
  return reading.smallest_margin > margin &&
         std::all_of(reading.loss.begin(), reading.loss.end(), [](double loss) { return std::isfinite(loss); });
}

void Answerer::MakeScreen(const QuestionSource& questions, const LossSample& sample, const ProgressFn& progress) {
  auto screen = std::make_unique<Screen>(config_, weights_, encoding_, device_);
  std::vector<double> margins;  // of the questions that it finds right
  Questions batch, one;
  for (uint64_t stride = 0; stride < sample.size();) {
    for (batch.clear(); stride < sample.size() && batch.size() < static_cast<size_t>(batch_size_); ++stride) {
      questions.Fill(sample.At(stride), 1, &one);
      batch.push_back(one.front());
    }
    const torch::Tensor tokens = encoding_.Encode(batch), logits = screen->Logits(tokens);
    screen->Compare(logits, Logits(tokens, 0, encoding_.n_answer()));
    AnswerReading reading;
    for (int64_t q = 0; q < tokens.size(0); ++q) {
      const int64_t* const truth = tokens.data_ptr<int64_t>() + q * encoding_.n_ctx() + encoding_.n_question();
      ReadAnswer(logits, q, truth, &reading);
      const bool right = std::equal(reading.predicted.begin(), reading.predicted.end(), truth);
      margins.push_back(right ? reading.smallest_margin : 0);
    }
    Report(progress, 0);
  }
  const double bound = screen->bound();
  const auto settled = std::count_if(margins.begin(), margins.end(), [&](double margin) { return margin > bound; });
  if (2 * static_cast<uint64_t>(settled) >= sample.size()) screen_ = std::move(screen);
}

void Answerer::ReadByScreen(const torch::Tensor& tokens, const std::vector<int64_t>& which,
                            std::vector<AnswerReading>* readings) const {
  if (which.empty()) return;
  const double bound = screen_->bound();
  size_t i = 0;
  for (const torch::Tensor& lines : LinesOf(tokens, which).split(batch_size_)) {
    const torch::Tensor logits = screen_->Logits(lines);
    std::vector<int64_t> open;
    for (int64_t q = 0; q < lines.size(0); ++q, ++i) {
      AnswerReading& reading = (*readings)[static_cast<size_t>(which[i])];
      const int64_t* const truth = lines.data_ptr<int64_t>() + q * encoding_.n_ctx() + encoding_.n_question();
      ReadAnswer(logits, q, truth, &reading);
      const bool right = std::equal(reading.predicted.begin(), reading.predicted.end(), truth);
      if (!right || !IsSettled(reading, bound)) open.push_back(q);
      reading.loss.clear();
      reading.by_forward_pass = reading.rechecked = false;
      reading.screen_difference = 0;
    }
    if (open.empty()) continue;
    const size_t first = i - static_cast<size_t>(lines.size(0));
    const torch::Tensor exact = Logits(LinesOf(lines, open), 0, encoding_.n_answer());
    for (size_t k = 0; k < open.size(); ++k) {
      AnswerReading& reading = (*readings)[static_cast<size_t>(which[first + static_cast<size_t>(open[k])])];
      const auto row = static_cast<int64_t>(k);
      ReadAnswer(exact, row, lines.data_ptr<int64_t>() + open[k] * encoding_.n_ctx() + encoding_.n_question(),
                 &reading);
      reading.by_forward_pass = reading.rechecked = true;
      reading.screen_difference = LargestDifference(logits[open[k]], exact[row]);
    }
    Look();
  }
}

torch::Tensor Answerer::Generate(const torch::Tensor& tokens) const {
  if (!by_tables()) return GenerateByForward(tokens);
  torch::Tensor lines = tokens.clone();
  std::vector<int64_t> open = AllOf(tokens.size(0)), by_forward;
  for (int row = 0; row < encoding_.n_answer() && !open.empty(); ++row) {
    const std::vector<int64_t> unsettled = WriteByTables(row, open, &lines);
    by_forward.insert(by_forward.end(), unsettled.begin(), unsettled.end());
    std::vector<int64_t> settled;
    std::set_difference(open.begin(), open.end(), unsettled.begin(), unsettled.end(), std::back_inserter(settled));
    open = std::move(settled);
  }
  if (!by_forward.empty()) {
    std::sort(by_forward.begin(), by_forward.end());
    lines.index_copy_(0, torch::tensor(by_forward, torch::kInt64), GenerateByForward(LinesOf(tokens, by_forward)));
  }
  return lines;
}

std::vector<int64_t> Answerer::WriteByTables(int row, const std::vector<int64_t>& which, torch::Tensor* lines) const {
  std::vector<int64_t> open, unsettled;
  const std::vector<int64_t> answers = AnswerByTables(*lines, which, {row, 1}, &open);
  const auto token = [&](int64_t q) {
    return lines->data_ptr<int64_t>() + q * encoding_.n_ctx() + encoding_.n_question() + row;
  };
  for (size_t i = 0; i < which.size(); ++i) *token(which[i]) = answers[i];
  if (open.empty()) return unsettled;
  const torch::Tensor logits = LogitsByTables(LinesOf(*lines, open), {row, 1});
  AnswerReading reading;
  for (size_t i = 0; i < open.size(); ++i) {
    ReadAnswer(logits, static_cast<int64_t>(i), token(open[i]), &reading);
    *token(open[i]) = reading.predicted.front();
    if (!IsSettled(reading, margin_)) unsettled.push_back(open[i]);
  }
  return unsettled;
}

torch::Tensor Answerer::GenerateByForward(const torch::Tensor& tokens) const {
  if (config_.n_layers > 1) return decoder_.Write(tokens);
  // The table has the keys and values of the only layer, and a token's pass computes its own row alone.
  torch::Tensor all = tokens.clone();
  for (const torch::Tensor& lines : all.split(batch_size_)) {
    for (int64_t j = 0; j < encoding_.n_answer(); ++j) {
      lines.select(1, encoding_.n_question() + j).copy_(Logits(lines, j, 1).squeeze(1).argmax(-1));
      Look();
    }
  }
  return all;
}

void ReadAnswer(const torch::Tensor& logits, int64_t q, const int64_t* truth, AnswerReading* reading) {
  const int rows = static_cast<int>(logits.size(1)), d_vocab = static_cast<int>(logits.size(2));
  if (logits.scalar_type() == torch::kFloat64) {
    ReadAnswer(logits.data_ptr<double>() + q * rows * d_vocab, truth, rows, d_vocab, reading);
  } else {
    ReadAnswer(logits.data_ptr<float>() + q * rows * d_vocab, truth, rows, d_vocab, reading);
  }
}

}  // namespace sumscope::engine

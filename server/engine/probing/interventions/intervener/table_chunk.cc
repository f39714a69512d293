#include "server/engine/probing/interventions/intervener/table_chunk.h"

#include <algorithm>
#include <cmath>

#include "server/engine/probing/interventions/intervener/row_sums.h"

namespace sumscope::engine {
namespace {

constexpr size_t kMultipliedAtOnce = 32;  // groups of rows whose active units fit into the cache beside a block
constexpr auto kEpsilon = static_cast<float>(kLayerNormEpsilon);

void AddRow(const float* row, size_t width, double* sum) {
  for (size_t i = 0; i < width; ++i) sum[i] += static_cast<double>(row[i]);
}

}  // namespace

BatchRows::BatchRows(const ModelConfig& config, const ChangePlan& plan, bool donors_answer)
    : places_(plan.places().size()), nodes_(static_cast<size_t>(config.n_heads) + 2), first_(1, 0) {
  for (const ChangePlan::Place& place : plan.places()) {
    first_.push_back(first_.back() + (place.answers ? 1 + place.changes.size() + (donors_answer ? 1 : 0) : 0));
  }
}

void BatchRows::Resize(size_t count, bool with_logits) {
  count_ = count;
  readings_.resize(first_.back() * count);
  logits_.assign(with_logits ? readings_.size() * kSumLane : 0, 0.0F);
  moved_.assign(places_ * nodes_ * count, 0.0);
}

size_t TableChunk::Capacity(const RowTables& tables, const RowJobs& jobs) {
  constexpr size_t kBytes = 10 << 20, kMost = 32;
  const size_t floats = jobs.hidden() * (tables.hidden_width + tables.width) + jobs.jobs() * tables.width;
  return std::clamp<size_t>(kBytes / (sizeof(float) * std::max<size_t>(floats, 1)), 1, kMost);
}

TableChunk::TableChunk(const RowTables& tables, const ChangePlan& plan, const RowJobs& jobs, const RowValues& values)
    : tables_(tables),
      plan_(plan),
      jobs_(jobs),
      values_(values),
      capacity_(Capacity(tables, jobs)),
      n_heads_(static_cast<size_t>(tables.config.n_heads)),
      n_parts_(1 + n_heads_),
      n_ctx_(static_cast<size_t>(tables.config.n_ctx)),
      term_(jobs.lines() * capacity_ * n_ctx_),
      weight_(jobs.lines() * capacity_ * jobs.weights()),
      parts_(jobs.lines() * jobs.places().size() * n_parts_ * kSumBlock),
      mean_(jobs.places().size() * n_heads_ * kSumBlock),
      zeros_(std::max(tables.width, tables.z_width)),
      mid_(capacity_ * jobs.jobs() * tables.width),
      scale_(capacity_ * jobs.jobs()),
      hidden_(capacity_ * jobs.hidden() * tables.hidden_width),
      written_(capacity_ * jobs.hidden() * tables.width),
      unit_(kMultipliedAtOnce * tables.hidden_width),
      active_(kMultipliedAtOnce * tables.hidden_width * kProductRows),
      scratch_(tables.width) {
  PointAtSources();
}

void TableChunk::PointAtSources() {
  sources_.resize(jobs_.places().size());
  for (size_t place = 0; place < sources_.size(); ++place) {
    const size_t slot = jobs_.places()[place].slot;
    for (const RowJob& job : jobs_.places()[place].jobs) {
      sources_[place].push_back(zeros_.data());  // the query's part, of each question and block
      for (size_t head = 0; head < n_heads_; ++head) {
        const float* source = Part(job.line, slot, 1 + head);
        if ((job.heads >> head & 1) != 0) {
          if (values_.kind() == NodeValue::kZero) source = zeros_.data();
          if (values_.kind() == NodeValue::kMean) source = &mean_[(slot * n_heads_ + head) * kSumBlock];
          if (values_.kind() == NodeValue::kDonor) source = Part(1, slot, 1 + head);
        }
        sources_[place].push_back(source);
      }
    }
  }
}

void TableChunk::TakePatterns(const int64_t* tokens, size_t line) {
  lines_[line] = tokens;
  const auto d_vocab = static_cast<size_t>(tables_.config.d_vocab);
  for (size_t q = 0; q < count_; ++q) {
    uint32_t* const term = &term_[(line * capacity_ + q) * n_ctx_];
    for (size_t key = 0; key < n_ctx_; ++key) {
      term[key] = static_cast<uint32_t>(key * d_vocab + static_cast<size_t>(tokens[q * n_ctx_ + key]));
    }
    for (const RowJobs::Group& group : jobs_.groups()) {
      const size_t rows = group.places.size();
      float* weight = &weight_[(line * capacity_ + q) * jobs_.weights() + group.weight];
      for (size_t head = 0; head < n_heads_; ++head, weight += group.keys * rows) {
        for (size_t r = 0; r < rows; ++r) {
          const auto position = static_cast<size_t>(plan_.places()[group.places[r]].position);
          const float* const scores = tables_.Scores(term[position], head);
          float most = scores[term[0]], sum = 0;
          for (size_t key = 1; key <= position; ++key) most = std::max(most, scores[term[key]]);
          for (size_t key = 0; key <= position; ++key) {
            sum += weight[key * rows + r] = std::exp(scores[term[key]] - most);
          }
          for (size_t key = 0; key <= position; ++key) weight[key * rows + r] /= sum;
          for (size_t key = position + 1; key < group.keys; ++key) weight[key * rows + r] = 0;
        }
      }
    }
  }
}

// The parts of a block of question q at the places with jobs, where their sources are.
void TableChunk::SumHeads(const float* block, size_t q) {
  const auto pairs = static_cast<size_t>(tables_.pairs);
  for (size_t line = 0; line < jobs_.lines(); ++line) {
    const uint32_t* const term = &term_[(line * capacity_ + q) * n_ctx_];
    for (const RowJobs::Group& group : jobs_.groups()) {
      if (!group.has_jobs) continue;
      const size_t rows = group.places.size();
      for (size_t r = 0; r < rows; ++r) {
        const auto position = static_cast<size_t>(plan_.places()[group.places[r]].position);
        const RowJobs::Place& place = jobs_.places()[group.places[r]];
        for (size_t job = 0; job < place.jobs.size(); ++job) {
          if (place.jobs[job].line != line) continue;
          sources_[group.places[r]][job * n_parts_] = block + term[position] * kSumBlock;
        }
      }
      const float* weight = &weight_[(line * capacity_ + q) * jobs_.weights() + group.weight];
      for (size_t head = 0; head < n_heads_; ++head, weight += group.keys * rows) {
        KeepSums(block + (1 + head) * pairs * kSumBlock, {static_cast<int>(rows), group.keys, nullptr, term, weight},
                 {Part(line, group.first_slot, 1 + head), n_parts_ * kSumBlock});
      }
    }
  }
}

void TableChunk::CopyMeans(bool hidden, size_t block) {
  if (values_.kind() != NodeValue::kMean) return;
  for (size_t place = 0; place < jobs_.places().size(); ++place) {
    for (size_t head = 0; head < n_heads_; ++head) {
      const float* const from = hidden ? values_.hidden_of_head(place, head) : values_.residual_of_head(place, head);
      std::copy_n(from + block * kSumBlock, kSumBlock,
                  &mean_[(jobs_.places()[place].slot * n_heads_ + head) * kSumBlock]);
    }
  }
}

// Calls visit(place, head, block, question, own block, donor's block or null) for heads that any set replaces.
template <typename Visit>
void TableChunk::ForZ(const Visit& visit) {
  for (size_t head = 0; head < n_heads_; ++head) {
    for (size_t b = 0; b < tables_.z_width / kSumBlock; ++b) {
      for (size_t q = 0; q < count_; ++q) {
        for (const RowJobs::Group& group : jobs_.groups()) {
          if (!group.moves_heads) continue;
          const size_t rows = group.places.size();
          for (size_t line = 0; line < jobs_.lines(); ++line) {
            const float* const weight =
                &weight_[(line * capacity_ + q) * jobs_.weights() + group.weight + head * group.keys * rows];
            KeepSums(tables_.ZBlock(head, b),
                     {static_cast<int>(rows), group.keys, nullptr, &term_[(line * capacity_ + q) * n_ctx_], weight},
                     {Part(line, group.first_slot, 0), n_parts_ * kSumBlock});
          }
          for (size_t r = 0; r < rows; ++r) {
            if ((plan_.places()[group.places[r]].moved.heads >> head & 1) == 0) continue;
            visit(group.places[r], head, b, q, Part(0, group.first_slot + r, 0),
                  jobs_.lines() > 1 ? Part(1, group.first_slot + r, 0) : nullptr);
          }
        }
      }
    }
  }
}

void TableChunk::MoveHeads(size_t first, BatchRows* rows) {
  ForZ([&](size_t place, size_t head, size_t block, size_t q, const float* own, const float* donor) {
    const float* value = donor;
    if (values_.kind() == NodeValue::kMean) value = values_.z(place, head) + block * kSumBlock;
    if (values_.kind() == NodeValue::kZero) value = zeros_.data();
    rows->moved(place, head, first + q) += SquaredDistance(own, value, kSumBlock);
  });
}

void TableChunk::SumMid() {
  for (size_t b = 0; b < tables_.width / kSumBlock; ++b) {
    CopyMeans(/*hidden=*/false, b);
    for (size_t q = 0; q < count_; ++q) {
      SumHeads(tables_.ResidualBlock(b), q);
      for (size_t place = 0; place < sources_.size(); ++place) {
        AddSources({sources_[place].data(), n_parts_, jobs_.places()[place].jobs.size()},
                   mid_.data() + MidRow(place, q) * tables_.width + b * kSumBlock, tables_.width);
      }
    }
  }
  for (size_t place = 0; place < sources_.size(); ++place) {
    for (size_t row = MidRow(place, 0); row < MidRow(place, count_); ++row) {
      scale_[row] =
          LayerScale(mid_.data() + row * tables_.width, static_cast<size_t>(tables_.config.d_model), kEpsilon);
    }
  }
}

void TableChunk::SumHidden() {
  for (size_t b = 0; b < tables_.hidden_width / kSumBlock; ++b) {
    CopyMeans(/*hidden=*/true, b);
    for (size_t q = 0; q < count_; ++q) {
      SumHeads(tables_.HiddenBlock(b), q);
      for (size_t place = 0; place < sources_.size(); ++place) {
        AddSourcesOfHidden({sources_[place].data(), n_parts_, jobs_.places()[place].hidden},
                           scale_.data() + MidRow(place, q), &tables_.hidden_bias[b * kSumBlock],
                           hidden_.data() + b * HiddenStride() + HiddenRow(place, q) * kSumBlock, kSumBlock);
      }
    }
  }
}

// What the MLP writes in every row with a hidden layer.
void TableChunk::Multiply() {
  struct Rows {
    size_t first, rows, active;
  };
  std::vector<Rows> groups;
  const auto multiply = [&] {
    for (size_t g = 0; g < groups.size(); ++g) {
      groups[g].active = FindActive(hidden_.data() + groups[g].first * kSumBlock, groups[g].rows,
                                    tables_.hidden_width / kSumBlock, HiddenStride(), &unit_[g * tables_.hidden_width],
                                    &active_[g * tables_.hidden_width * kProductRows]);
    }
    for (size_t column = 0; column < tables_.width; column += kSumBlock) {
      for (size_t g = 0; g < groups.size(); ++g) {
        MultiplyActive(&unit_[g * tables_.hidden_width], &active_[g * tables_.hidden_width * kProductRows],
                       groups[g].active, &tables_.out[column * tables_.hidden_width], &tables_.out_bias[column],
                       groups[g].rows, written_.data() + groups[g].first * tables_.width + column, tables_.width);
      }
    }
    groups.clear();
  };
  for (size_t place = 0; place < sources_.size(); ++place) {
    const size_t end = HiddenRow(place, count_);
    for (size_t row = HiddenRow(place, 0); row < end; row += kProductRows) {
      groups.push_back({row, std::min(kProductRows, end - row), 0});
      if (groups.size() == kMultipliedAtOnce) multiply();
    }
  }
  multiply();
}

const float* TableChunk::MlpValue(size_t place, size_t q) const {
  if (values_.kind() == NodeValue::kMean) return values_.mlp(place);
  if (values_.kind() == NodeValue::kZero) return zeros_.data();
  return written_.data() + (HiddenRow(place, q) + jobs_.places()[place].donor) * tables_.width;
}

TableChunk::Value TableChunk::ResidualValue(size_t place, size_t q) const {
  if (values_.kind() == NodeValue::kMean) return {values_.residual(place), zeros_.data()};
  if (values_.kind() == NodeValue::kZero) return {zeros_.data(), zeros_.data()};
  return {mid_.data() + (MidRow(place, q) + jobs_.places()[place].donor) * tables_.width, MlpValue(place, q)};
}

void TableChunk::ReadRow(const float* mid, const float* written, const int64_t* truth, float* logits,
                         RowReading* reading) {
  float own[kSumLane];
  UnembedSum(mid, written, static_cast<size_t>(tables_.config.d_model), kEpsilon, tables_.unembed.data(),
             tables_.logit_bias.data(), scratch_.data(), own);
  if (logits != nullptr) std::copy_n(own, kSumLane, logits);
  ReadAnswer(own, truth, 1, static_cast<int>(tables_.config.d_vocab), &reading_);
  *reading = {reading_.predicted.front(), reading_.loss.front(), reading_.smallest_margin};
}

void TableChunk::MoveRest(size_t place, size_t q, size_t at, BatchRows* rows) {
  const Change& moved = plan_.places()[place].moved;
  const float* const mid = mid_.data() + (MidRow(place, q) + jobs_.places()[place].own) * tables_.width;
  const float* const written = written_.data() + (HiddenRow(place, q) + jobs_.places()[place].own) * tables_.width;
  if (moved.mlp) rows->moved(place, n_heads_, at) = SquaredDistance(written, MlpValue(place, q), tables_.width);
  if (!moved.residual) return;
  const Value value = ResidualValue(place, q);
  double sum = 0;
  for (size_t i = 0; i < tables_.width; ++i) {
    const double by = static_cast<double>(mid[i] + written[i]) - static_cast<double>(value.mid[i] + value.mlp[i]);
    sum += by * by;
  }
  rows->moved(place, n_heads_ + 1, at) = sum;
}

void TableChunk::Read(size_t place, size_t q, size_t first, BatchRows* rows) {
  const ChangePlan::Place& of = plan_.places()[place];
  const RowJobs::Place& jobs = jobs_.places()[place];
  if (jobs.jobs.empty()) return;
  MoveRest(place, q, first + q, rows);
  if (!of.answers) return;
  const auto mid = [&](size_t job) { return mid_.data() + (MidRow(place, q) + job) * tables_.width; };
  const auto written = [&](size_t job) { return written_.data() + (HiddenRow(place, q) + job) * tables_.width; };
  const int64_t* const truth = lines_[0] + q * n_ctx_ + of.position + 1;
  const auto read = [&](const float* x, const float* y, const int64_t* true_token, size_t change) {
    const size_t at = rows->At(place, change, first + q);
    ReadRow(x, y, true_token, rows->logits(at), &rows->reading(at));
  };
  read(mid(jobs.own), written(jobs.own), truth, 0);
  for (size_t c = 0; c < of.changes.size(); ++c) {
    const size_t job = jobs.job_of_change[c];
    if (of.changes[c].residual) {
      const Value value = ResidualValue(place, q);
      read(value.mid, value.mlp, truth, 1 + c);
    } else {
      read(mid(job), of.changes[c].mlp ? MlpValue(place, q) : written(job), truth, 1 + c);
    }
  }
  if (rows->DonorOf(place) > of.changes.size()) {
    read(mid(jobs.donor), written(jobs.donor), lines_[1] + q * n_ctx_ + of.position + 1, rows->DonorOf(place));
  }
}

void TableChunk::Run(const int64_t* tokens, const int64_t* donors, size_t count, size_t first, BatchRows* rows) {
  count_ = count;
  TakePatterns(tokens, 0);
  if (jobs_.lines() > 1) TakePatterns(donors, 1);
  MoveHeads(first, rows);
  SumMid();
  SumHidden();
  Multiply();
  for (size_t place = 0; place < sources_.size(); ++place) {
    for (size_t q = 0; q < count_; ++q) Read(place, q, first, rows);
  }
}

void TableChunk::AddMeans(const int64_t* tokens, size_t count, MeanSums* sums) {
  count_ = count;
  TakePatterns(tokens, 0);
  sums->count += count;
  ForZ([&](size_t place, size_t head, size_t block, size_t, const float* own, const float*) {
    AddRow(own, kSumBlock, &sums->z[(place * n_heads_ + head) * tables_.z_width + block * kSumBlock]);
  });
  if (jobs_.jobs() == 0) return;
  SumMid();
  SumHidden();
  for (size_t place = 0; place < sources_.size(); ++place) {
    if (jobs_.places()[place].jobs.empty()) continue;
    for (size_t q = 0; q < count_; ++q) {
      AddRow(mid_.data() + MidRow(place, q) * tables_.width, tables_.width, &sums->mid[place * tables_.width]);
      for (size_t b = 0; b < tables_.hidden_width / kSumBlock; ++b) {
        AddRow(hidden_.data() + b * HiddenStride() + HiddenRow(place, q) * kSumBlock, kSumBlock,
               &sums->hidden[place * tables_.hidden_width + b * kSumBlock]);
      }
    }
  }
}

}  // namespace sumscope::engine

#include "storage/sqlite/run_file/metric_blocks.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

constexpr int kCompressionLevel = 3;

const char* NameOf(Series series) { return series == Series::kTiming ? "timing" : "deterministic"; }

// One stored block: values[column * steps + step], as on disk.
struct StoredBlock {
  std::vector<std::string> columns;
  int64_t steps = 0;
  std::vector<double> values;

  double at(int64_t step, size_t column) const { return values[column * steps + step]; }

  void Resize(int64_t new_steps) {
    std::vector<double> wider(columns.size() * new_steps);
    for (size_t c = 0; c < columns.size(); ++c) {
      std::copy_n(values.begin() + c * steps, steps, wider.begin() + c * new_steps);
    }
    values.swap(wider);
    steps = new_steps;
  }
};

std::string Checksum(Series series, int64_t first_step, int64_t steps, const std::string& columns,
                     absl::string_view data) {
  return RowChecksum().Text(NameOf(series)).Int(first_step).Int(steps).Text(columns).Text(data).Digest();
}

// nullopt when there is none.
absl::StatusOr<std::optional<StoredBlock>> Load(Connection& connection, Series series, int64_t first_step) {
  Query query(connection,
              "SELECT steps, columns, data, checksum FROM metric_blocks WHERE series = ? AND first_step = ?");
  query.Bind(NameOf(series), first_step);
  if (!query.Next()) return std::optional<StoredBlock>();
  StoredBlock block;
  block.steps = query.Int(0);
  const std::string columns = query.Text(1);
  const absl::string_view data = query.Blob(2);
  if (block.steps < 1 || block.steps > kStepsOfBlock ||
      query.Text(3) != Checksum(series, first_step, block.steps, columns, data)) {
    return connection.Corrupt(absl::StrCat("the metrics from step ", first_step, " on are damaged"));
  }
  if (std::count(columns.begin(), columns.end(), ',') >= kMaxMetricColumns) {
    return connection.Corrupt(absl::StrCat("the metrics from step ", first_step, " on have too many columns"));
  }
  block.columns = absl::StrSplit(columns, ',');
  block.values.resize(block.columns.size() * block.steps);
  const size_t bytes = block.values.size() * sizeof(double);
  if (ZSTD_decompress(block.values.data(), bytes, data.data(), data.size()) != bytes) {
    return connection.Corrupt(absl::StrCat("the metrics from step ", first_step, " on cannot be unpacked"));
  }
  return std::make_optional(std::move(block));
}

void Save(Connection& connection, Series series, int64_t first_step, const StoredBlock& block) {
  const size_t bytes = block.values.size() * sizeof(double);
  std::string data(ZSTD_compressBound(bytes), '\0');
  data.resize(ZSTD_compress(data.data(), data.size(), block.values.data(), bytes, kCompressionLevel));
  const std::string columns = absl::StrJoin(block.columns, ",");
  Query(connection,
        "INSERT OR REPLACE INTO metric_blocks (series, first_step, steps, columns, data, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?)")
      .Bind(NameOf(series), first_step, block.steps, columns, BlobView{data},
            Checksum(series, first_step, block.steps, columns, data))
      .Run();
}

bool SameBits(double a, double b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }

absl::Status CheckShape(const v1::MetricBlock& block, int64_t stored_steps) {
  const size_t columns = static_cast<size_t>(block.columns_size());
  if (columns == 0 || columns > kMaxMetricColumns || block.count() == 0 ||
      static_cast<size_t>(block.values_size()) != columns * block.count()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "METRICS_MISSHAPEN", "a metric block's values do not fit it");
  }
  if (block.first_step() > static_cast<uint64_t>(stored_steps)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "METRICS_GAP",
                     absl::StrCat("steps ", stored_steps, " to ", block.first_step() - 1, " are missing"));
  }
  return absl::OkStatus();
}

// Writes the rows of `block` that lie in the stored block beginning at `start`.
absl::Status Patch(Connection& connection, Series series, const v1::MetricBlock& block, int64_t start,
                   int64_t stored_steps, std::optional<uint64_t>* diverged_step) {
  const int64_t first = static_cast<int64_t>(block.first_step()), end = first + block.count();
  const int64_t from = std::max(first, start), to = std::min(end, start + kStepsOfBlock);
  const size_t columns = static_cast<size_t>(block.columns_size());
  SUMSCOPE_ASSIGN_OR_RETURN(std::optional<StoredBlock> stored, Load(connection, series, start));
  if (!stored.has_value()) {
    if (stored_steps > start)
      return connection.Corrupt(absl::StrCat("the metrics from step ", start, " on are missing"));
    stored.emplace();
    stored->columns.assign(block.columns().begin(), block.columns().end());
  } else if (!std::equal(stored->columns.begin(), stored->columns.end(), block.columns().begin(),
                         block.columns().end())) {
    return MakeError(absl::StatusCode::kInvalidArgument, "METRICS_COLUMNS", "a run's metric columns cannot change");
  }
  const int64_t before = stored->steps;
  bool changed = to - start > before;
  if (changed) stored->Resize(to - start);
  for (int64_t step = from; step < to; ++step) {
    const double* row = block.values().data() + (step - first) * columns;
    for (size_t c = 0; c < columns; ++c) {
      double& value = stored->values[c * stored->steps + (step - start)];
      if (step - start < before && !SameBits(value, row[c])) {
        if (!diverged_step->has_value()) *diverged_step = static_cast<uint64_t>(step);
        changed = true;
      }
      value = row[c];
    }
  }
  if (changed) Save(connection, series, start, *stored);
  return absl::OkStatus();
}

}  // namespace

absl::Status AppendMetricRows(Connection& connection, Series series, const v1::MetricBlock& block,
                              int64_t* stored_steps, std::optional<uint64_t>* diverged_step) {
  SUMSCOPE_RETURN_IF_ERROR(CheckShape(block, *stored_steps));
  const int64_t first = static_cast<int64_t>(block.first_step()), end = first + block.count();
  for (int64_t start = first / kStepsOfBlock * kStepsOfBlock; start < end; start += kStepsOfBlock) {
    SUMSCOPE_RETURN_IF_ERROR(Patch(connection, series, block, start, *stored_steps, diverged_step));
  }
  *stored_steps = std::max(*stored_steps, end);
  return absl::OkStatus();
}

absl::StatusOr<v1::MetricBlock> ReadMetricRows(Connection& connection, Series series, int64_t stored_steps,
                                               uint64_t first_step, uint32_t max_rows) {
  v1::MetricBlock rows;
  rows.set_first_step(first_step);
  if (first_step >= static_cast<uint64_t>(stored_steps)) return rows;
  const int64_t end = std::min<int64_t>(stored_steps, static_cast<int64_t>(first_step) + max_rows);
  std::vector<std::string> columns;
  for (int64_t step = static_cast<int64_t>(first_step); step < end;) {
    const int64_t start = step / kStepsOfBlock * kStepsOfBlock;
    SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<StoredBlock> stored, Load(connection, series, start));
    const int64_t to = std::min(end, start + kStepsOfBlock);
    if (!stored.has_value() || stored->steps < to - start) {
      return connection.Corrupt(absl::StrCat("the metrics from step ", step, " on are missing"));
    }
    if (columns.empty()) {
      columns = stored->columns;
      *rows.mutable_columns() = {columns.begin(), columns.end()};
    } else if (columns != stored->columns) {
      break;
    }
    for (; step < to; ++step) {
      for (size_t c = 0; c < columns.size(); ++c) rows.add_values(stored->at(step - start, c));
    }
    rows.set_count(static_cast<uint32_t>(step - static_cast<int64_t>(first_step)));
  }
  return rows;
}

}  // namespace sumscope::storage

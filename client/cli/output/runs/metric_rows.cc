#include "client/cli/output/runs/metric_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

constexpr int kStepWidth = 8, kCellWidth = 12;

bool IsCount(absl::string_view column) { return absl::StartsWith(column, "cell_count."); }

std::string Exact(absl::string_view column, double value) {
  if (IsCount(column) && value >= 0 && value < 1e15) return absl::StrCat(static_cast<uint64_t>(value));
  return ShortestDouble(value);
}

std::string Rounded(absl::string_view column, double value) {
  return IsCount(column) && !std::isnan(value) ? Exact(column, value) : FormatDigits(value, 6);
}

// The first cell of a line, which stands at its left: how long the last step will be is not known.
std::string StepCell(absl::string_view step) {
  return absl::StrCat(step, std::string(kStepWidth - std::min<size_t>(kStepWidth, step.size()), ' '));
}

std::string Padded(absl::string_view text, absl::string_view column) {
  const size_t width = std::max<size_t>(kCellWidth, column.size());
  return absl::StrCat(std::string(width - std::min(width, text.size()), ' '), text);
}

}  // namespace

std::string MetricRows::Header() const {
  switch (format_) {
    case Format::kCsv:
      return headers_ ? absl::StrCat("step,", absl::StrJoin(columns_, ","), "\n") : "";
    case Format::kJson:
      return "[";
    case Format::kTable:
    case Format::kWide: {
      if (!headers_) return "";
      std::string line = StepCell("step");
      for (size_t i = 0; i < Shown(); ++i) absl::StrAppend(&line, "  ", Padded(columns_[i], columns_[i]));
      return line + "\n";
    }
    default:
      return "";
  }
}

size_t MetricRows::Shown() const {
  if (width_ == 0) return columns_.size();
  size_t used = kStepWidth, shown = 0;
  while (shown < columns_.size()) {
    used += 2 + std::max<size_t>(kCellWidth, columns_[shown].size());
    if (used > static_cast<size_t>(width_)) break;
    ++shown;
  }
  return shown;
}

std::string MetricRows::Row(uint64_t step, const std::vector<double>& values) {
  const bool json = format_ == Format::kJson || format_ == Format::kJsonl;
  std::string row;
  if (json) {
    absl::StrAppend(&row, format_ == Format::kJsonl ? "" : started_ ? ",\n " : "\n ", "{\"step\":", step);
  } else {
    row = format_ == Format::kCsv ? absl::StrCat(step) : StepCell(absl::StrCat(step));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string& column = columns_[i];
    if (json) {
      const std::string text = std::isfinite(values[i]) ? Exact(column, values[i]) : "null";
      absl::StrAppend(&row, ",\"", column, "\":", text);
    } else if (format_ == Format::kCsv) {
      absl::StrAppend(&row, ",", Exact(column, values[i]));
    } else if (i < Shown()) {
      absl::StrAppend(&row, "  ", Padded(Rounded(column, values[i]), column));
    }
  }
  absl::StrAppend(&row, json ? "}" : "", format_ == Format::kJson ? "" : "\n");
  started_ = true;
  return row;
}

absl::StatusOr<std::string> MetricRows::Add(const v1::MetricBlock& block, const v1::MetricBlock* extra) {
  std::vector<std::string> columns(block.columns().begin(), block.columns().end());
  const size_t own = columns.size();
  if (extra != nullptr) columns.insert(columns.end(), extra->columns().begin(), extra->columns().end());
  std::string text;
  if (!started_) {
    columns_ = columns;
    text = Header();
  }
  if (columns != columns_) {
    return MakeError(absl::StatusCode::kDataLoss, "METRICS_MALFORMED", "the columns changed within the series");
  }
  for (uint32_t i = 0; i < block.count(); ++i) {
    const uint64_t step = block.first_step() + i;
    std::vector<double> values(block.values().begin() + i * own, block.values().begin() + (i + 1) * own);
    for (size_t c = own; c < columns_.size(); ++c) {
      const bool there = extra != nullptr && step >= extra->first_step() && step - extra->first_step() < extra->count();
      values.push_back(
          there ? extra->values(static_cast<int>((step - extra->first_step()) * (columns_.size() - own) + (c - own)))
                : std::numeric_limits<double>::quiet_NaN());
    }
    absl::StrAppend(&text, Row(step, values));
  }
  return text;
}

std::string MetricRows::HeaderAlone(const std::vector<std::string>& columns) {
  if (started_ || format_ == Format::kJson || format_ == Format::kJsonl) return "";
  columns_ = columns;
  return Header();
}

std::string MetricRows::End() const {
  const bool table = format_ == Format::kTable || format_ == Format::kWide;
  if (table && headers_ && Shown() < columns_.size()) {
    return absl::StrCat("(no room for ",
                        absl::StrJoin(columns_.begin() + static_cast<std::ptrdiff_t>(Shown()), columns_.end(), ", "),
                        ": -o csv)\n");
  }
  if (format_ != Format::kJson) return "";
  return started_ ? "\n]\n" : "[]\n";
}

}  // namespace sumscope::client

#include "client/cli/output/table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/output/text.h"

namespace sumscope::client {
namespace {

constexpr int kWidth = 100;  // of text for people

std::string Padding(int width) { return std::string(static_cast<size_t>(std::max(0, width)), ' '); }

// Cells of one line, aligned to `widths`; no spaces at its end.
std::string Line(const std::vector<std::string>& cells, const std::vector<int>& widths,
                 const std::vector<bool>& right) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding = Padding(widths[i] - DisplayWidth(cells[i]));
    absl::StrAppend(&line, i == 0 ? "" : "  ", right[i] ? padding : "", cells[i], right[i] ? "" : padding);
  }
  return absl::StrCat(absl::StripTrailingAsciiWhitespace(line), "\n");
}

}  // namespace

void Table::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = EscapeText(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Aligned(Shown where, bool headers) const {
  std::vector<size_t> chosen;
  std::vector<std::string> names;
  std::vector<bool> right;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if ((columns_[i].shown & where) == 0) continue;
    chosen.push_back(i);
    names.push_back(columns_[i].name);
    right.push_back(columns_[i].right);
  }
  std::vector<std::vector<std::string>> lines;
  if (headers) lines.push_back(names);
  for (const auto& row : rows_) {
    const size_t first = lines.size();
    for (size_t column = 0; column < chosen.size(); ++column) {
      const std::string cell = row[chosen[column]].empty() ? "-" : row[chosen[column]];
      const int wrap = where == kInTable ? columns_[chosen[column]].wrap : 0;
      const std::vector<std::string> parts = wrap > 0 ? WrapWords(cell, wrap) : std::vector<std::string>{cell};
      for (size_t i = 0; i < parts.size(); ++i) {
        if (first + i == lines.size()) lines.emplace_back(chosen.size());
        lines[first + i][column] = parts[i];
      }
    }
  }
  std::vector<int> widths(chosen.size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(line[i]));
  }
  std::string out;
  for (const auto& line : lines) absl::StrAppend(&out, Line(line, widths, right));
  return out;
}

std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string Table::Csv(bool headers) const {
  std::string out;
  const auto add = [&](const auto& cell_of) {
    std::vector<std::string> cells;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if ((columns_[i].shown & kInCsv) != 0) cells.push_back(CsvCell(cell_of(i)));
    }
    absl::StrAppend(&out, absl::StrJoin(cells, ","), "\n");
  };
  if (headers) add([&](size_t i) { return absl::AsciiStrToLower(columns_[i].name); });
  for (const auto& row : rows_) add([&](size_t i) { return row[i]; });
  return out;
}

std::string AlignedPairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  int width = 0;
  for (const auto& [name, value] : pairs) {
    if (!value.empty()) width = std::max(width, DisplayWidth(name));
  }
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    const std::string text = EscapeText(value);
    const bool fits = width + 2 + DisplayWidth(text) <= kWidth;
    const std::string indent = absl::StrCat("\n", Padding(width + 2));
    absl::StrAppend(&out, name, Padding(width - DisplayWidth(name)), "  ",
                    fits ? text : absl::StrJoin(WrapWords(text, kWidth - width - 2), indent), "\n");
  }
  return out;
}

}  // namespace sumscope::client

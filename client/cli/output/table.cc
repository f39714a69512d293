#include "client/cli/output/table.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

std::string Padding(int width) { return std::string(static_cast<size_t>(std::max(0, width)), ' '); }

// Cells of one line, aligned to `widths`; no spaces at its end.
std::string Line(const std::vector<std::string>& cells, const std::vector<int>& widths,
                 const std::vector<bool>& right) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding = Padding(widths[i] - DisplayWidth(cells[i]));
    absl::StrAppend(&line, i == 0 ? "" : Padding(kColumnGap), right[i] ? padding : "", cells[i],
                    right[i] ? "" : padding);
  }
  return absl::StrCat(absl::StripTrailingAsciiWhitespace(line), "\n");
}

// As WrapWords sees them: "49 %" is one.
int LongestWord(absl::string_view text) {
  int longest = 0, width = 0;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    width = word == "%" ? width + 2 : DisplayWidth(word);
    longest = std::max(longest, width);
  }
  return longest;
}

}  // namespace

void Table::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = EscapeText(cell);
  rows_.push_back(std::move(cells));
}

std::vector<size_t> Table::Chosen(Shown where) const {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if ((columns_[i].shown & where) != 0) chosen.push_back(i);
  }
  return chosen;
}

int Table::Width(Shown where, bool headers) const {
  int width = 0;
  for (const size_t column : Chosen(where)) {
    width += NeedOf(column, where, headers).natural + (width == 0 ? 0 : kColumnGap);
  }
  return width;
}

ColumnNeed Table::NeedOf(size_t column, Shown where, bool headers) const {
  const Column& what = columns_[column];
  const bool cuts = what.cut > 0 && where == kInTable;
  const int narrowest = cuts ? what.cut : std::max(what.wrap, what.cut);
  ColumnNeed need;
  need.drop = where == kInTable ? what.drop : 0;
  if (headers) need = {DisplayWidth(what.name), LongestWord(what.name), need.drop};
  for (const auto& row : rows_) {
    const std::string& cell = row[column];
    const int width = std::max(1, DisplayWidth(cell));  // an empty one shows "-"
    const int least = narrowest == 0 ? width : std::min(cuts ? width : LongestWord(cell), narrowest);
    need.natural = std::max(need.natural, width);
    need.least = std::max(need.least, least);
  }
  return need;
}

size_t Table::KeysOf(const std::vector<size_t>& chosen) const {
  const auto different_rows = [&](size_t keys) {
    std::set<std::vector<absl::string_view>> rows;
    for (const auto& row : rows_) {
      std::vector<absl::string_view> cells;
      for (size_t i = 0; i < keys; ++i) cells.emplace_back(row[chosen[i]]);
      rows.insert(std::move(cells));
    }
    return rows.size();
  };
  const size_t all = different_rows(chosen.size());
  size_t keys = 1;
  while (keys < chosen.size() && different_rows(keys) < all) ++keys;
  return keys;
}

void Table::AppendBlock(const ColumnBlock& block, const std::vector<size_t>& chosen, Shown where, bool headers,
                        std::string* out) const {
  std::vector<bool> right;
  for (const size_t column : block.columns) right.push_back(columns_[chosen[column]].right);
  // One row: a cell that is too long goes on below, or is cut.
  const auto append = [&](const auto& cell_of, bool may_cut) {
    std::vector<std::vector<std::string>> lines;
    for (size_t i = 0; i < block.columns.size(); ++i) {
      const size_t column = chosen[block.columns[i]];
      std::vector<std::string> parts = {cell_of(column)};
      if (DisplayWidth(parts[0]) > block.widths[i]) {
        const bool cut = may_cut && where == kInTable && columns_[column].cut > 0;
        parts =
            cut ? std::vector<std::string>{FitWidth(parts[0], block.widths[i])} : WrapWords(parts[0], block.widths[i]);
      }
      for (size_t part = 0; part < parts.size(); ++part) {
        if (part == lines.size()) lines.emplace_back(block.columns.size());
        lines[part][i] = parts[part];
      }
    }
    for (const auto& line : lines) absl::StrAppend(out, Line(line, block.widths, right));
  };
  if (headers) append([this](size_t column) { return columns_[column].name; }, /*may_cut=*/false);
  for (const auto& row : rows_) {
    append([&row](size_t column) { return row[column].empty() ? "-" : row[column]; }, /*may_cut=*/true);
  }
}

std::string Table::Aligned(Shown where, bool headers, int width) const {
  const std::vector<size_t> chosen = Chosen(where);
  std::vector<ColumnNeed> needs;
  for (const size_t column : chosen) needs.push_back(NeedOf(column, where, headers));
  const FittedColumns fitted = FitColumns(needs, width > 0 ? KeysOf(chosen) : 1, width);
  std::string out;
  for (const ColumnBlock& block : fitted.blocks) {
    if (!out.empty()) out.push_back('\n');
    AppendBlock(block, chosen, where, headers, &out);
  }
  if (headers && !fitted.left_out.empty()) {
    absl::StrAppend(&out, "(no room for ",
                    absl::StrJoin(fitted.left_out, ", ",
                                  [&](std::string* names, size_t column) {
                                    absl::StrAppend(names, columns_[chosen[column]].name);
                                  }),
                    ": -o wide)\n");
  }
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
    absl::StrAppend(&out, name, Padding(width - DisplayWidth(name)), "  ", EscapeText(value), "\n");
  }
  return out;
}

}  // namespace sumscope::client

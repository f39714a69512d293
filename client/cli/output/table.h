#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_TABLE_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "client/cli/output/fit_columns.h"

namespace sumscope::client {

// Where a column is shown.
enum Shown : unsigned { kInTable = 1, kInWide = 2, kInCsv = 4, kForPeople = kInTable | kInWide, kEverywhere = 7 };

struct Column {
  std::string name;  // HELDOUT for people; in CSV as written here, so lower_case for columns of CSV alone
  unsigned shown = kEverywhere;
  bool right = false;  // numbers
  // What may happen to it where the table is broader than the terminal. Headers go on below at their spaces.
  int wrap = 0;  // > 0: text that goes on below, in no fewer columns than this or its longest word
  int cut = 0;   // > 0: text that is cut, but by -o wide, and keeps so many columns at least
  int drop = 0;  // > 0: left out but by -o wide, the highest first
};

// Rows of text cells in columns. Cells are escaped on the way out. Thread-compatible.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Aligned, two spaces between columns, each line ended. No line is wider than `width` columns, 0 for unlimited: see
  // FitColumns and Column.
  std::string Aligned(Shown where, bool headers, int width) const;
  // Columns that its broadest line takes where there is room.
  int Width(Shown where, bool headers) const;
  // RFC 4180, but with \n.
  std::string Csv(bool headers) const;

 private:
  // The columns that are shown there.
  std::vector<size_t> Chosen(Shown where) const;
  ColumnNeed NeedOf(size_t column, Shown where, bool headers) const;
  // How many of the first `chosen` columns tell all rows apart, where a row's other blocks stand below; rows that are
  // equal throughout need no telling apart.
  size_t KeysOf(const std::vector<size_t>& chosen) const;
  void AppendBlock(const ColumnBlock& block, const std::vector<size_t>& chosen, Shown where, bool headers,
                   std::string* out) const;

  const std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// One CSV cell, quoted where needed.
std::string CsvCell(const std::string& text);

// "name   value" lines, aligned; entries with an empty value are left out.
std::string AlignedPairs(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_TABLE_H_

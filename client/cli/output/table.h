#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_TABLE_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_TABLE_H_

#include <string>
#include <utility>
#include <vector>

namespace sumscope::client {

// Where a column is shown.
enum Shown : unsigned { kInTable = 1, kInWide = 2, kInCsv = 4, kForPeople = kInTable | kInWide, kEverywhere = 7 };

struct Column {
  std::string name;  // HELDOUT for people; in CSV as written here, so lower_case for columns of CSV alone
  unsigned shown = kEverywhere;
  bool right = false;  // numbers
  int wrap = 0;        // so many columns wide in the table at most, longer text goes on below; 0: as wide as it is
};

// Rows of text cells in columns. Cells are escaped on the way out. Thread-compatible.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Aligned, two spaces between columns, each line ended.
  std::string Aligned(Shown where, bool headers) const;
  // RFC 4180, but with \n.
  std::string Csv(bool headers) const;

 private:
  const std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// One CSV cell, quoted where needed.
std::string CsvCell(const std::string& text);

// "name   value" lines, aligned, values that pass 100 columns going on below; entries with an empty value are left out.
std::string AlignedPairs(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_TABLE_H_

#include "client/cli/output/fit_columns.h"

#include <algorithm>
#include <utility>

namespace sumscope::client {
namespace {

// Of columns beside each other.
int Sum(const std::vector<ColumnNeed>& needs, const std::vector<size_t>& columns, int ColumnNeed::*of) {
  int sum = columns.empty() ? 0 : -kColumnGap;
  for (const size_t column : columns) sum += needs[column].*of + kColumnGap;
  return sum;
}

// Takes from the broadest columns until `excess` is gone or every column is at its floor; returns what is left of it.
int Narrow(std::vector<int>* widths, const std::vector<int>& floors, int excess) {
  while (excess > 0) {
    size_t broadest = widths->size();
    for (size_t i = 0; i < widths->size(); ++i) {
      if ((*widths)[i] <= floors[i]) continue;
      if (broadest == widths->size() || (*widths)[i] > (*widths)[broadest]) broadest = i;
    }
    if (broadest == widths->size()) break;
    --(*widths)[broadest];
    --excess;
  }
  return excess;
}

ColumnBlock FitBlock(const std::vector<ColumnNeed>& needs, std::vector<size_t> columns, int width) {
  ColumnBlock block;
  std::vector<int> least;
  for (const size_t column : columns) {
    block.widths.push_back(needs[column].natural);
    least.push_back(std::min(needs[column].least, needs[column].natural));
  }
  const int excess = Sum(needs, columns, &ColumnNeed::natural) - width;
  const int rest = Narrow(&block.widths, least, excess);
  // Words that are longer than there is room are cut.
  Narrow(&block.widths, std::vector<int>(columns.size(), 1), rest);
  block.columns = std::move(columns);
  return block;
}

// The first `keys` of `columns`, or as many as leave room for a short cell beside them: an id, a percentage.
std::vector<size_t> KeyOf(const std::vector<ColumnNeed>& needs, const std::vector<size_t>& columns, size_t keys,
                          int width) {
  constexpr int kLeastBeside = 8;
  std::vector<size_t> key(columns.begin(), columns.begin() + static_cast<ptrdiff_t>(std::min(keys, columns.size())));
  while (key.size() > 1 && Sum(needs, key, &ColumnNeed::least) + kColumnGap + kLeastBeside > width) key.pop_back();
  return key;
}

}  // namespace

FittedColumns FitColumns(const std::vector<ColumnNeed>& needs, size_t keys, int width) {
  FittedColumns fitted;
  std::vector<size_t> columns;
  for (size_t i = 0; i < needs.size(); ++i) columns.push_back(i);
  if (columns.empty()) return fitted;
  if (width <= 0) width = Sum(needs, columns, &ColumnNeed::natural);
  while (Sum(needs, columns, &ColumnNeed::least) > width) {
    const auto first_to_go = std::max_element(columns.begin(), columns.end(),
                                              [&needs](size_t a, size_t b) { return needs[a].drop < needs[b].drop; });
    if (needs[*first_to_go].drop == 0) break;
    fitted.left_out.push_back(*first_to_go);
    columns.erase(first_to_go);
  }
  std::sort(fitted.left_out.begin(), fitted.left_out.end());
  const std::vector<size_t> key = KeyOf(needs, columns, std::max<size_t>(keys, 1), width);
  std::vector<size_t> beside = key;
  for (size_t i = key.size(); i < columns.size(); ++i) {
    beside.push_back(columns[i]);
    if (beside.size() == key.size() + 1 || Sum(needs, beside, &ColumnNeed::least) <= width) continue;
    beside.pop_back();
    fitted.blocks.push_back(FitBlock(needs, std::move(beside), width));
    beside = key;
    beside.push_back(columns[i]);
  }
  fitted.blocks.push_back(FitBlock(needs, std::move(beside), width));
  return fitted;
}

}  // namespace sumscope::client

#include "client/cli/probe/views/node_map.h"

#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "client/cli/probe/views/view_parts.h"
#include "proto/contract/models/node_names.h"

namespace sumscope::client {
namespace {

// Where a node stands in the grid.
struct NodePlace {
  uint32_t position = 0;
  uint64_t layer = 0;
  uint64_t order = 0;  // heads, then the MLP, then the residual stream
  std::string column;  // L0H1

  bool operator<(const NodePlace& other) const { return std::tie(layer, order) < std::tie(other.layer, other.order); }
};

bool FindPlace(const View& view, const std::string& name, NodePlace* place) {
  const absl::StatusOr<std::vector<NodeName>> nodes = ParseNodeSet(view.spec, "node", name);
  if (!nodes.ok() || nodes->size() != 1 || !nodes->front().position) return false;
  NodeName node = nodes->front();
  place->position = *node.position;
  place->layer = node.layer;
  constexpr uint64_t kAfterHeads = 1000;
  place->order =
      node.kind == NodeName::Kind::kHead ? node.head : kAfterHeads + (node.kind == NodeName::Kind::kResidual ? 1 : 0);
  place->column = name.substr(name.find('L'));
  return true;
}

using CellsByColumn = std::map<std::string, std::string>;

Table NodeGrid(const std::vector<NodePlace>& columns, const std::map<uint32_t, CellsByColumn>& rows, const View& view) {
  std::vector<Column> heads = {{"ROW"}};
  for (const NodePlace& place : columns) heads.push_back({place.column});
  Table table(std::move(heads));
  for (const auto& [position, row] : rows) {
    std::vector<std::string> cells = {RowText(view, position)};
    for (const NodePlace& place : columns) {
      const auto cell = row.find(place.column);
      cells.push_back(cell == row.end() || cell->second.empty() ? "." : cell->second);
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

// Rows without a word before the first and after the last that has one.
void Trim(std::map<uint32_t, CellsByColumn>* rows) {
  const auto silent = [](const CellsByColumn& row) {
    for (const auto& [column, cell] : row) {
      if (!cell.empty()) return false;
    }
    return true;
  };
  while (rows->size() > 1 && silent(rows->begin()->second)) rows->erase(rows->begin());
  while (rows->size() > 1 && silent(rows->rbegin()->second)) rows->erase(std::prev(rows->end()));
}

}  // namespace

std::string NodeMap(const std::vector<std::pair<std::string, std::string>>& cells, const View& view) {
  std::map<std::string, NodePlace> places;
  std::map<uint32_t, CellsByColumn> rows;
  for (const auto& [name, cell] : cells) {
    NodePlace place;
    if (!FindPlace(view, name, &place)) continue;
    rows[place.position][place.column] = cell;
    places[place.column] = place;
  }
  if (rows.empty()) return "";
  Trim(&rows);
  std::multiset<NodePlace> ordered;
  for (const auto& [column, place] : places) ordered.insert(place);
  std::vector<NodePlace> columns(ordered.begin(), ordered.end());
  const Table grid = NodeGrid(columns, rows, view);
  const bool fits = view.width == 0 || grid.Width(kInTable, true) <= view.width;
  if (fits || columns.front().layer == columns.back().layer) return grid.Aligned(kInTable, true, view.width);
  std::string text;
  for (auto begin = columns.begin(); begin != columns.end();) {
    auto end = begin;
    while (end != columns.end() && end->layer == begin->layer) ++end;
    absl::StrAppend(&text, text.empty() ? "" : "\n",
                    NodeGrid({begin, end}, rows, view).Aligned(kInTable, true, view.width));
    begin = end;
  }
  return text;
}

}  // namespace sumscope::client

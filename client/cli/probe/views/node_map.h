#ifndef SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_NODE_MAP_H_
#define SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_NODE_MAP_H_

#include <string>
#include <utility>
#include <vector>

#include "client/cli/probe/views/view.h"

namespace sumscope::client {

// Cells of single nodes (P14L0H1, P14L0MLP, P14L0) as a grid: one row a position with its meaning, one column a node of
// the model; "." where nothing is said, rows of dots left out at both ends. Names that are no single node at a position
// are left out. Broad models have one grid a layer.
std::string NodeMap(const std::vector<std::pair<std::string, std::string>>& cells, const View& view);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_NODE_MAP_H_

#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_FIT_COLUMNS_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_FIT_COLUMNS_H_

#include <cstddef>
#include <vector>

namespace sumscope::client {

// Spaces between two columns of a table.
inline constexpr int kColumnGap = 2;

// The room that one column of a table needs.
struct ColumnNeed {
  int natural = 0;  // so that nothing of it goes on below
  int least = 0;    // so that no word of it is broken
  int drop = 0;     // left out when there is no room, the highest first; 0: never
};

// Columns beside each other.
struct ColumnBlock {
  std::vector<size_t> columns;
  std::vector<int> widths;
};

struct FittedColumns {
  std::vector<ColumnBlock> blocks;  // each begins with the key
  std::vector<size_t> left_out;     // in their order
};

// Columns in `width`: as broad as they are, else without those that may be left out, else narrower, the broadest first,
// else in several blocks below each other, each beginning with the first `keys` columns (at least one), or as many of
// them as leave room for others. A block is never wider than `width`, but where its columns would have nothing left. A
// width of 0 is unlimited.
FittedColumns FitColumns(const std::vector<ColumnNeed>& needs, size_t keys, int width);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_FIT_COLUMNS_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_TEXT_FIRST_FEW_H_
#define SUMSCOPE_PROTO_CONTRACT_TEXT_FIRST_FEW_H_

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace sumscope {

// "[a, b, c and 5 more]": the first few of `names`, a container of strings, where a line has room for no more.
template <typename Names>
std::string FirstFew(const Names& names) {
  constexpr size_t kMost = 8;
  std::string text = "[";
  size_t shown = 0;
  for (const std::string& name : names) {
    if (shown == kMost) break;
    absl::StrAppend(&text, shown == 0 ? "" : ", ", name);
    ++shown;
  }
  if (names.size() > shown) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text + "]";
}

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_TEXT_FIRST_FEW_H_

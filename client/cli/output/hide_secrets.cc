#include "client/cli/output/hide_secrets.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace sumscope::client {

std::string HideSecrets(absl::string_view text) {
  constexpr absl::string_view kBegin = "sst_";
  const auto of_token = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  };
  std::string hidden;
  while (true) {
    const size_t at = text.find(kBegin);
    if (at == absl::string_view::npos) return absl::StrCat(hidden, text);
    size_t end = at + kBegin.size();
    while (end < text.size() && of_token(text[end])) ++end;
    const bool secret = end > at + kBegin.size();
    absl::StrAppend(&hidden, text.substr(0, at + kBegin.size()), secret ? "..." : "");
    text.remove_prefix(end);
  }
}

}  // namespace sumscope::client

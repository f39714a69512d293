#include "proto/contract/process/ssh_origin.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sumscope {
namespace {

constexpr absl::string_view kSshPrefix = "sumscope-ssh/";

bool IsSshAddress(absl::string_view address) {
  constexpr size_t kLongest = 64;
  return !address.empty() && address.size() <= kLongest && std::all_of(address.begin(), address.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == '.' || c == ':' || c == '%';
  });
}

}  // namespace

std::string SshSocketName(absl::string_view client_address, absl::string_view unique) {
  return IsSshAddress(client_address) ? absl::StrCat(kSshPrefix, client_address, "/", unique) : "";
}

std::optional<std::string> SshClientOf(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, kSshPrefix)) return std::nullopt;
  const size_t end = name.find('/');
  if (end == absl::string_view::npos || !IsSshAddress(name.substr(0, end))) return std::nullopt;
  return std::string(name.substr(0, end));
}

}  // namespace sumscope

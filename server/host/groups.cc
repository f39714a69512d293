#include "server/host/groups.h"

#include <grp.h>

#include <cerrno>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::host {
namespace {

constexpr size_t kMaxEntryBytes = 1 << 20;  // of a group with very many members

}  // namespace

absl::StatusOr<gid_t> GroupNamed(const std::string& name) {
  group entry = {};
  group* found = nullptr;
  std::vector<char> text(4096);
  while (getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found) == ERANGE && text.size() < kMaxEntryBytes) {
    text.resize(2 * text.size());
  }
  if (found != nullptr) return entry.gr_gid;
  gid_t number = 0;
  if (absl::SimpleAtoi(name, &number) && number != static_cast<gid_t>(-1)) return number;
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID",
                   absl::StrCat("this machine has no group ", Quote(name),
                                "; make it with `groupadd`, or give another with --socket-group"));
}

}  // namespace sumscope::host

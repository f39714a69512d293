#include "server/rpc/queue/queue_page.h"

#include <cstdint>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::rpc {
namespace {

constexpr char kQueuePurpose[] = "queue page";

}  // namespace

std::string QueuePageToken(const TokenSeal& seal, size_t shown) {
  return seal.Seal(kQueuePurpose, absl::StrCat(shown));
}

absl::StatusOr<size_t> ParseQueuePageToken(const TokenSeal& seal, const std::string& token) {
  if (token.empty()) return size_t{0};
  std::optional<std::string> opened;
  if (token.size() <= limits::kMaxPageTokenLength) opened = seal.Open(kQueuePurpose, token);
  uint64_t shown = 0;
  if (opened.has_value() && absl::SimpleAtoi(*opened, &shown)) return static_cast<size_t>(shown);
  return InvalidField("PAGE_TOKEN_INVALID", "page_token", "page_token is not one that ListJobs gave");
}

}  // namespace sumscope::rpc

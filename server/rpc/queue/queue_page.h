#ifndef SUMSCOPE_SERVER_RPC_QUEUE_QUEUE_PAGE_H_
#define SUMSCOPE_SERVER_RPC_QUEUE_QUEUE_PAGE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/text/token_seal.h"

namespace sumscope::rpc {

// Tokens of pages of a queue, which moves on between them: they say how many jobs were shown, and name none, for the
// last one shown may be another user's.
std::string QueuePageToken(const TokenSeal& seal, size_t shown);
// 0 for "". INVALID_ARGUMENT PAGE_TOKEN_INVALID.
absl::StatusOr<size_t> ParseQueuePageToken(const TokenSeal& seal, const std::string& token);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_QUEUE_QUEUE_PAGE_H_

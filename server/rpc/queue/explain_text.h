#ifndef SUMSCOPE_SERVER_RPC_QUEUE_EXPLAIN_TEXT_H_
#define SUMSCOPE_SERVER_RPC_QUEUE_EXPLAIN_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/rpc/queue/estimates.h"
#include "sumscope/v1/queue.pb.h"

namespace sumscope::rpc {

// What the explanation of a job is told from: all of it is already as its reader may see it.
struct ExplainFacts {
  v1::Job job;
  std::vector<v1::Holder> holders;
  absl::Time now;
  uint32_t startable = 0;  // jobs with a place in the queue, of everybody
  // Of the job's owner, of USER_LIMIT; limit 0: none, or the reader may not know them.
  uint32_t running = 0, running_limit = 0;
  uint64_t memory_bytes = 0;  // that the job needs; 0: unknown
  EstimateRecord record;
};

// Who "another user" is: the owner of a private run, to others.
inline constexpr char kAnotherUser[] = "another user";

// Some sentences for people: why the job waits, who or what holds what it needs, its place, when it is expected to
// start and to end and how wrong such estimates were. Of one that runs or has ended, that. Pure.
std::string ExplainText(const ExplainFacts& facts);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_QUEUE_EXPLAIN_TEXT_H_

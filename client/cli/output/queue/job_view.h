#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_QUEUE_JOB_VIEW_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_QUEUE_JOB_VIEW_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/app/session.h"
#include "sumscope/v1/queue.pb.h"

namespace sumscope::client {

// Jobs as `queue` shows them, in their order; times are counted from `now`.
Document ShowJobs(const Session& session, const std::vector<v1::Job>& jobs, absl::Time now);
// One job with the server's words for why it waits, who has what it needs, and when it is expected; holders as a table
// with -o wide.
Document ShowExplanation(const Session& session, const v1::Explanation& explanation, absl::Time now);

// Who had how much of the devices, a line each; "" for nobody.
std::string SharesText(const v1::ListJobsResponse& response, bool headers, int width);

// "add_d5_l1_h3" of a training, "evaluate of r7k2m9qa"; "another user's" where no more is told.
std::string WhatText(const v1::Job& job);
// What of an analysis or a training commands take: "r7k2m9qa/a1b2c3d4", "r7k2m9qa".
std::string SubjectText(const v1::Job& job);
// "in 12 min", "now"; with its range "in 12 min (10 to 18 min)"; "" where nobody can tell.
std::string InText(bool known, const v1::Estimate& estimate, absl::Time now, bool with_range);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_QUEUE_JOB_VIEW_H_

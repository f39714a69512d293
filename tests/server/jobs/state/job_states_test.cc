#include "server/jobs/state/job_states.h"

#include <set>
#include <utility>

#include "gtest/gtest.h"
#include "proto/contract/limits.h"
#include "server/jobs/state/transitions.h"

namespace sumscope::jobs {
namespace {

TEST(JobStates_Test, TableHoldsExactlyTheLegalTransitions) {
  const std::set<std::pair<v1::State, v1::State>> legal = {
      {v1::QUEUED, v1::STARTING},      {v1::QUEUED, v1::CANCELLED},     {v1::QUEUED, v1::FAILED},
      {v1::STARTING, v1::RUNNING},     {v1::STARTING, v1::CANCELLING},  {v1::STARTING, v1::QUEUED},
      {v1::STARTING, v1::FAILED},      {v1::RUNNING, v1::CANCELLING},   {v1::RUNNING, v1::QUEUED},
      {v1::RUNNING, v1::SUCCEEDED},    {v1::RUNNING, v1::FAILED},       {v1::RUNNING, v1::CANCELLED},
      {v1::CANCELLING, v1::CANCELLED}, {v1::CANCELLING, v1::SUCCEEDED}, {v1::CANCELLING, v1::FAILED},
      {v1::FAILED, v1::QUEUED},        {v1::CANCELLED, v1::QUEUED},
  };
  for (int from = v1::QUEUED; from <= v1::CANCELLED; ++from) {
    for (int to = v1::QUEUED; to <= v1::CANCELLED; ++to) {
      const std::pair<v1::State, v1::State> change(static_cast<v1::State>(from), static_cast<v1::State>(to));
      EXPECT_EQ(IsLegalTransition(change.first, change.second), from == to || legal.count(change) > 0)
          << v1::State_Name(change.first) << " -> " << v1::State_Name(change.second);
    }
  }
  EXPECT_FALSE(IsLegalTransition(v1::STATE_UNSPECIFIED, v1::STATE_UNSPECIFIED));
  // A damaged row can only be ended.
  EXPECT_TRUE(IsLegalTransition(v1::STATE_UNSPECIFIED, v1::FAILED));
  EXPECT_FALSE(IsLegalTransition(v1::STATE_UNSPECIFIED, v1::QUEUED));
}

TEST(JobStates_Test, EveryEndOfATaskLeadsToALegalState) {
  using Kind = TaskEnd::Kind;
  for (const Kind kind : {Kind::kDone, Kind::kFailed, Kind::kFailedRetryable, Kind::kCancelled, Kind::kReturned,
                          Kind::kLost, Kind::kServerDied}) {
    for (const v1::State now : {v1::RUNNING, v1::CANCELLING}) {
      for (uint32_t attempt = 1; attempt <= limits::kMaxAttempts; ++attempt) {
        EXPECT_TRUE(IsLegalTransition(now, Decide(now, attempt, {kind, "R", ""}).state));
      }
    }
  }
}

TEST(Decide_Test, LostWorkerQueuesAgainUntilTheAttemptsAreUsedUp) {
  const TaskEnd lost = {TaskEnd::Kind::kLost, "HEARTBEAT_LOST", ""};
  for (uint32_t attempt = 1; attempt < limits::kMaxAttempts; ++attempt) {
    const Outcome outcome = Decide(v1::RUNNING, attempt, lost);
    EXPECT_EQ(outcome.state, v1::QUEUED);
    EXPECT_EQ(outcome.reason, "WORKER_LOST");
    EXPECT_TRUE(outcome.counts_as_failure);
  }
  const Outcome last = Decide(v1::RUNNING, limits::kMaxAttempts, lost);
  EXPECT_EQ(last.state, v1::FAILED);
  EXPECT_EQ(last.reason, "WORKER_LOST");
}

TEST(Decide_Test, ReturnedTaskIsNoFailure) {
  const Outcome outcome = Decide(v1::RUNNING, 3, {TaskEnd::Kind::kReturned, "DRAINED", ""});
  EXPECT_EQ(outcome.state, v1::QUEUED);
  EXPECT_FALSE(outcome.counts_as_failure);
}

TEST(Decide_Test, CancellingEndsCancelledUnlessItWasTooLate) {
  using Kind = TaskEnd::Kind;
  for (const Kind kind : {Kind::kCancelled, Kind::kLost, Kind::kReturned, Kind::kFailedRetryable, Kind::kServerDied}) {
    EXPECT_EQ(Decide(v1::CANCELLING, 1, {kind, "", ""}).state, v1::CANCELLED);
  }
  EXPECT_EQ(Decide(v1::CANCELLING, 1, {Kind::kDone, "", ""}).state, v1::SUCCEEDED);
  EXPECT_EQ(Decide(v1::CANCELLING, 1, {Kind::kFailed, "NON_FINITE_LOSS", ""}).state, v1::FAILED);
}

}  // namespace
}  // namespace sumscope::jobs

#ifndef SUMSCOPE_TESTS_CLIENT_CLI_QUEUE_SOME_JOBS_H_
#define SUMSCOPE_TESTS_CLIENT_CLI_QUEUE_SOME_JOBS_H_

#include <cstdint>
#include <vector>

#include "sumscope/v1/queue.pb.h"

namespace sumscope::client {

// Seconds at which the fake clock of commands stands.
inline constexpr int64_t kClockSeconds = 1'700'010'000;

inline v1::Estimate EstimateIn(int64_t seconds) {
  v1::Estimate estimate;
  estimate.mutable_time()->set_seconds(kClockSeconds + seconds);
  estimate.mutable_earliest()->set_seconds(kClockSeconds + seconds * 8 / 10);
  estimate.mutable_latest()->set_seconds(kClockSeconds + seconds * 2);
  return estimate;
}

// One training that runs, an analysis and a training that wait, and one of another user of which nothing is told.
inline std::vector<v1::Job> SomeJobs() {
  std::vector<v1::Job> jobs(4);
  v1::Job& runs = jobs[0];
  runs.set_name("jobs/jaaaaaaa");
  runs.set_run("runs/r0");
  runs.set_what("add_d5_l1_h3");
  runs.set_owner("ada");
  runs.set_priority(v1::NORMAL);
  runs.set_state(v1::RUNNING);
  runs.set_slot("cpu0");
  runs.set_progress(0.25);
  runs.set_attempt(1);
  runs.set_segment(2);
  runs.mutable_create_time()->set_seconds(kClockSeconds - 700);
  runs.mutable_start_time()->set_seconds(kClockSeconds - 600);
  *runs.mutable_expected_end() = EstimateIn(1800);
  runs.set_device_seconds(600);
  v1::Job& analysis = jobs[1];
  analysis.set_name("jobs/jbbbbbbb");
  analysis.set_run("runs/r1");
  analysis.set_analysis("runs/r1/analyses/a1");
  analysis.set_what("evaluate");
  analysis.set_owner("bob");
  analysis.set_priority(v1::LOW);
  analysis.set_state(v1::QUEUED);
  analysis.set_reason("RESOURCES");
  analysis.set_place(1);
  analysis.set_attempt(1);
  analysis.mutable_create_time()->set_seconds(kClockSeconds - 180);
  *analysis.mutable_expected_start() = EstimateIn(60);
  *analysis.mutable_expected_end() = EstimateIn(100);
  v1::Job& hidden = jobs[2];
  hidden.set_another_users(true);
  hidden.set_state(v1::QUEUED);
  hidden.set_place(2);
  v1::Job& held = jobs[3];
  held.set_name("jobs/jccccccc");
  held.set_run("runs/r2");
  held.set_what("add_d6_l2_h3");
  held.set_owner("ada");
  held.set_priority(v1::NORMAL);
  held.set_state(v1::QUEUED);
  held.set_reason("HELD");
  held.set_held_by("users/ada");
  held.add_after("runs/r1");
  held.set_sweep("sweeps/s1");
  held.set_attempt(1);
  held.mutable_create_time()->set_seconds(kClockSeconds - 7200);
  return jobs;
}

}  // namespace sumscope::client

#endif  // SUMSCOPE_TESTS_CLIENT_CLI_QUEUE_SOME_JOBS_H_

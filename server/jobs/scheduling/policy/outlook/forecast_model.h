#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_FORECAST_MODEL_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_FORECAST_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

namespace sumscope::jobs {

// A situation in numbers: users, sweeps, jobs and slots are indices. Times are seconds from now.
struct ForecastModel {
  static constexpr int kNone = -1;

  struct User {
    double taken = 0;  // device-seconds over weight
    double tie = 0;    // so much more they must have than others to give way
    uint32_t limit = 0;
  };
  struct Job {
    std::string id;
    uint64_t position = 0;
    int user = 0;
    int sweep = kNone;  // that bounds it
    int rank = 0;       // class, 0..2
    double charge = 1;  // over the owner's weight, per second
    double left = 0;    // seconds of work
    uint64_t memory = 0;
    bool quick = false;  // has the quick lane
    bool training = false;
  };
  struct Slot {
    bool quick = false;
    uint64_t memory = 0;  // when nothing runs on it; 0: unknown
    int job = kNone;      // that runs there
    double since = 0;     // when its segment began, 0 or before
  };

  double slice = 0;
  std::vector<User> users;
  std::vector<uint32_t> sweep_limits;
  std::vector<Job> jobs;    // those that run, then those that may start in the queue's order
  size_t running = 0;       // so many of them run
  std::vector<Slot> slots;  // that are open
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_FORECAST_MODEL_H_

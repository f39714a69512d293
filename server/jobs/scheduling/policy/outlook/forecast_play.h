#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_FORECAST_PLAY_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_FORECAST_PLAY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "server/jobs/scheduling/policy/outlook/forecast.h"
#include "server/jobs/scheduling/policy/outlook/forecast_model.h"

namespace sumscope::jobs {

// Plays a model forward, event by event: a job ends, a slice is over, a user catches up with another. The rules are
// those of MakePlan, without what a change of hands costs. Used once.
class ForecastPlay {
 public:
  explicit ForecastPlay(const ForecastModel& model);
  // See Forecast::Play.
  std::map<std::string, Expected> Run(size_t limit);

 private:
  static constexpr int kRanks = 3, kLanes = 2;
  using Job = ForecastModel::Job;
  using Slot = ForecastModel::Slot;
  using Age = std::pair<uint64_t, int>;  // position, job
  using Oldest = std::priority_queue<Age, std::vector<Age>, std::greater<Age>>;
  // Waiting jobs of one user and class: those that no sweep bounds, and those of each bounded sweep.
  struct Line {
    Oldest free;
    std::map<int, Oldest> of_sweep;
  };
  struct UserState {
    double had = 0;        // over weight, up to now
    double to_take = 0;    // the rest of their running slices
    double rate = 0;       // of had, per second
    double grows = 0;      // of taken, per second: of those whose slices are over
    uint32_t running = 0;  // outside of the quick lane
    double taken() const { return had + to_take; }
  };
  // The first jobs of a lane's class, of two users.
  using Firsts = std::array<int, 2>;

  const Job& At(int job) const { return model_.jobs[static_cast<size_t>(job)]; }
  UserState& UserOf(const Job& job) { return users_[static_cast<size_t>(job.user)]; }
  bool GoesBefore(int a, int b) const;
  void Wait(int job);
  void Take(int job);
  int HeadOf(const Line& line) const;
  // Counts anew how users and sweeps stand, and who is first where.
  void Look();
  void LookAt(const Slot& slot);
  void Put(Slot* slot, int job);
  static bool HasRoom(const Slot& slot, const Job& job) { return slot.memory == 0 || job.memory <= slot.memory; }
  // Each does one thing, and says whether there was one to do.
  bool Start();
  bool ChangeHands();
  // When the training of the slot gives way, and to whom (kNone: nobody); now or before for at once.
  std::pair<double, int> YieldOf(const Slot& slot) const;
  double NextEvent() const;
  void Advance(double to);

  const ForecastModel& model_;
  std::vector<Slot> slots_;
  std::vector<double> left_, started_, ended_;  // by job; before 0: not yet
  std::vector<UserState> users_;
  std::vector<uint32_t> sweeps_;                                       // trainings that run
  std::array<std::array<std::vector<Line>, kRanks>, kLanes> waiting_;  // by user
  std::array<std::array<Firsts, kRanks>, kLanes> firsts_;
  double now_ = 0;
  size_t wanted_ = 0, over_ = 0;  // the first jobs that are asked for, and those of them that have ended
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_FORECAST_PLAY_H_

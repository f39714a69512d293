#ifndef SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_SIMULATION_ORACLE_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_SIMULATION_ORACLE_H_

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sumscope::jobs {

// Watches who comes, starts and leaves, keeps books of its own, and says what is unfair. It knows the rules as users
// are told them, and nothing of plans, queues or ledgers. Times are seconds.
class Oracle {
 public:
  struct User {
    double weight = 1;
    int limit = 0;  // of jobs at once; 0: none
  };
  struct Job {
    int user = 0;
    int rank = 1;  // LOW 0, NORMAL 1, HIGH 2
    int sweep = -1;
  };
  struct Rules {
    double slice = 0, half_life = 0, low_charge = 0.5;
    double change = 0;  // seconds in which a slot changes hands
    int slots = 0;
    std::map<int, int> sweep_limits;
  };

  Oracle(Rules rules, std::vector<User> users);

  // Events, in the order of time.
  void Arrives(double now, int id, const Job& job);
  void Starts(double now, int id, int slot);
  void IsStopped(double now, int id, int slot, int for_id);
  void Leaves(double now, int id, int slot, bool ended);
  // Nothing more happens at this moment.
  void Settles(double now);

  // Sentences that say what was wrong; the first few.
  const std::vector<std::string>& complaints() const { return complaints_; }
  // Device-seconds over weight, LOW at its charge, without decay, that each user had while all had work of class
  // NORMAL.
  std::vector<double> SharesWhileAllHadWork() const { return shares_; }
  // Device-seconds, decayed, of a user.
  double HadOf(int user) const { return books_[static_cast<size_t>(user)].had; }
  double seconds_while_all_had_work() const { return all_had_work_; }
  // The longest that a user entitled to a slot waited, in slices.
  double longest_wait() const { return longest_wait_; }
  int ended() const { return ended_; }
  // Trainings that gave way and had their slot again, for a tie had turned: a waste, and no wrong.
  int turned_back() const { return turned_back_; }

 private:
  struct Books {
    double had = 0;  // device-seconds, decayed
    int running = 0;
    double last_start = -1;
    std::set<int> waiting[3];  // jobs by rank
    double entitled = 0;       // seconds of waiting though entitled, since one of theirs started
    std::set<int> ahead;       // users that were before them meanwhile
  };
  struct Seat {
    int job = -1;
    double since = 0;
    int stopped_for = -1;
    double stopped_at = 0;
  };

  void Advance(double now);
  void Complain(double now, const std::string& what);
  double Usage(int user) const { return books_[user].had / users_[user].weight; }
  double Charge(int rank) const { return rank == 0 ? rules_.low_charge : 1; }
  bool SweepIsFull(int sweep) const;
  // The class of the best job of the user that may start; -1 for none.
  int BestRank(int user) const;
  // Whether somebody has a slot that such a job of the user's has more right to, and the user has no turn of a slice.
  bool IsEntitled(int user, int rank) const;
  void CountWaits(double passed);

  const Rules rules_;
  const std::vector<User> users_;
  std::vector<Books> books_;
  std::vector<Seat> seats_;
  std::map<int, Job> jobs_;
  std::map<int, int> sweeps_;  // trainings that run
  std::map<int, Seat> left_;   // by slot: who gave way last, and for whom
  std::vector<double> shares_;
  std::vector<std::string> complaints_;
  double now_ = 0, all_had_work_ = 0, longest_wait_ = 0;
  int ended_ = 0, turned_back_ = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_SIMULATION_ORACLE_H_

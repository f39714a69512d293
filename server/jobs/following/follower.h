#ifndef SUMSCOPE_SERVER_JOBS_FOLLOWING_FOLLOWER_H_
#define SUMSCOPE_SERVER_JOBS_FOLLOWING_FOLLOWER_H_

#include <string>
#include <thread>
#include <vector>

#include "server/jobs/following/dependents.h"
#include "server/jobs/state/context.h"
#include "server/jobs/sweeps/sweep_keeper.h"

namespace sumscope::jobs {

// Looks at whatever waits for a job that has ended (Context::ended), in a thread of its own: no worker's message and no
// caller waits for the files of others. What storage refuses for now is tried again, with a back-off.
// Thread-compatible.
class Follower {
 public:
  // All outlive it.
  Follower(Context* context, Dependents* dependents, SweepKeeper* sweeps)
      : context_(context), dependents_(dependents), sweeps_(sweeps) {}
  ~Follower() { Stop(); }

  // Before the queue gives jobs: bounds it by the sweeps of unfinished jobs, and remembers to look at all that an
  // earlier server may have left.
  void Prepare(const std::vector<storage::Job>& unfinished);
  // Once the queue has these jobs.
  void Start();
  // What is not looked at by then is left to the next start.
  void Stop();

 private:
  void Run();
  // What is to be looked at again.
  EndedJobs::Batch Follow(const EndedJobs::Batch& batch);
  // Brings the file of an ended job's run in line.
  void FileEnd(const std::string& job);

  Context* const context_;
  Dependents* const dependents_;
  SweepKeeper* const sweeps_;
  std::thread thread_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_FOLLOWING_FOLLOWER_H_

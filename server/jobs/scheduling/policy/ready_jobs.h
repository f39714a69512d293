#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_READY_JOBS_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_READY_JOBS_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "storage/catalog/jobs.h"

namespace sumscope::jobs {

// The waiting jobs that may be tried, so that the first of each owner and priority is found at once. It borrows the
// jobs. Thread-compatible.
class ReadyJobs {
 public:
  using Place = std::pair<uint64_t, std::string>;  // age: position, id
  // Jobs of one owner and priority, trainings of a sweep apart from others (sweep ""), for a sweep may have to wait.
  using Ages = std::map<Place, const storage::Job*>;
  using Groups = std::map<std::string, Ages>;
  struct Line {
    bool quick;
    v1::Priority priority;
    std::string owner;
    bool operator<(const Line& other) const {
      return std::tie(quick, priority, owner) < std::tie(other.quick, other.priority, other.owner);
    }
  };

  static Place PlaceOf(const storage::Job& job) { return {job.queue_position, job.id}; }
  // The sweep that bounds it; "" for none.
  static const std::string& GroupOf(const storage::Job& job);

  void Insert(const storage::Job& job);
  void Erase(const storage::Job& job);

  const std::map<Line, Groups>& lines() const { return lines_; }
  // The oldest; null when there is none.
  const storage::Job* First() const;
  size_t size() const { return size_; }
  // Whether one of them is for the quick lane.
  bool HasQuick() const { return !lines_.empty() && lines_.rbegin()->first.quick; }

 private:
  std::map<Line, Groups> lines_;
  size_t size_ = 0;
};

// Goes through a line by age. The line must not change meanwhile.
class LineWalk {
 public:
  explicit LineWalk(const ReadyJobs::Groups& groups);
  // The next job of a group that is `open`; null at the end. A group that is not open is left for good.
  const storage::Job* Next(absl::FunctionRef<bool(const std::string& group)> open);

 private:
  struct At {
    ReadyJobs::Ages::const_iterator job, end;
    const std::string* group;
  };
  static bool Later(const At& a, const At& b) { return a.job->first > b.job->first; }

  std::vector<At> heap_;  // the oldest in front
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_READY_JOBS_H_

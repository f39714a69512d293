#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_QUEUE_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_QUEUE_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "storage/catalog.h"

namespace sumscope::jobs {

// Which queued job starts next: the seam where fair share goes in. Holds the queued jobs, each once.
// Thread-compatible: the dispatcher calls it under its mutex.
class QueuePolicy {
 public:
  virtual ~QueuePolicy() = default;
  virtual void Add(storage::Job job) = 0;
  // Takes the job out; empty when it is not queued.
  virtual std::optional<storage::Job> Remove(const std::string& job) = 0;
  // Takes out the job that `slot` is to run now; empty when none may start there.
  virtual std::optional<storage::Job> TakeNext(const std::string& slot) = 0;
  // The job that waits longest for a slot; empty when none waits.
  virtual std::optional<storage::Job> First() const = 0;
  virtual size_t size() const = 0;
};

// First in, first out by Job::queue_position. A job that comes back (worker lost, drain) has its old position: it goes
// first.
class FifoPolicy : public QueuePolicy {
 public:
  void Add(storage::Job job) override;
  std::optional<storage::Job> Remove(const std::string& job) override;
  std::optional<storage::Job> TakeNext(const std::string& slot) override;
  std::optional<storage::Job> First() const override;
  size_t size() const override { return jobs_.size(); }

 private:
  using Place = std::pair<uint64_t, std::string>;  // position, id
  std::map<Place, storage::Job> jobs_;
  std::map<std::string, Place> places_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_QUEUE_H_

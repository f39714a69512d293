#include "server/jobs/scheduling/policy/outlook/start_order.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "server/jobs/scheduling/policy/lines.h"

namespace sumscope::jobs {
namespace {

// Lines that are emptied in the order in which their jobs would start.
class Emptying {
 public:
  Emptying(const SharePolicy& policy, std::vector<const storage::Job*>* jobs) : policy_(policy), jobs_(jobs) {}

  void Add(JobLine line, std::function<bool(const std::string&)> open) {
    lines_.push_back({std::move(line), std::move(open)});
  }
  void Empty();

 private:
  struct Line {
    JobLine jobs;
    std::function<bool(const std::string&)> open;
  };
  // As it was when it was put in: its owner may have taken more since.
  struct Entry {
    int rank;  // class
    double taken;
    uint64_t position;
    size_t line;
    bool operator<(const Entry& other) const {  // goes later
      if (rank != other.rank) return rank < other.rank;
      if (taken != other.taken) return taken > other.taken;
      return position > other.position;
    }
  };
  Entry EntryOf(size_t line) const {
    const JobLine& jobs = lines_[line].jobs;
    return {ClassOf(jobs.head->priority), jobs.standing->taken, jobs.head->queue_position, line};
  }

  const SharePolicy& policy_;
  std::vector<const storage::Job*>* const jobs_;
  std::vector<Line> lines_;
};

void Emptying::Empty() {
  std::priority_queue<Entry> entries;
  for (size_t i = 0; i < lines_.size(); ++i) entries.push(EntryOf(i));
  while (!entries.empty()) {
    const Entry entry = entries.top();
    entries.pop();
    JobLine& line = lines_[entry.line].jobs;
    if (line.standing->taken > entry.taken) {
      entries.push(EntryOf(entry.line));
      continue;
    }
    const storage::Job& job = *line.head;
    jobs_->push_back(&job);
    const double seconds = job.expected_seconds > 0 ? job.expected_seconds : SliceSeconds(0, policy_);
    line.standing->taken += seconds * ChargeOf(job.priority, policy_) / line.standing->weight;
    line.Next(lines_[entry.line].open);
    if (line.head != nullptr) entries.push(EntryOf(entry.line));
  }
  lines_.clear();
}

}  // namespace

bool QuickLaneIsOpen(const Fleet& fleet) {
  return std::any_of(fleet.begin(), fleet.end(),
                     [](const auto& slot) { return slot.second.quick && slot.second.closed.empty(); });
}

StartOrder OrderOf(const Situation& situation) {
  StartOrder order;
  order.jobs.reserve(situation.queue.size());
  const bool quick_open = QuickLaneIsOpen(situation.fleet);
  Emptying emptying(situation.policy, &order.jobs);
  const auto all = [](const std::string&) { return true; };
  if (quick_open) {
    Standings standings(situation);
    for (JobLine& line : LinesOf(situation.queue, &standings, all)) {
      if (line.head->quick) emptying.Add(std::move(line), all);
    }
    emptying.Empty();
  }
  order.quick = order.jobs.size();

  Standings standings(situation);
  const auto open = [&](const std::string& sweep) { return standings.SweepMayStart(sweep); };
  const auto full = [&](const std::string& sweep) { return !standings.SweepMayStart(sweep); };
  const auto may_start = [&](const JobLine& line) { return line.standing->MayStart(); };
  const auto in_lane = [&](const JobLine& line) { return quick_open && line.head->quick; };
  for (JobLine& line : LinesOf(situation.queue, &standings, open)) {
    if (!in_lane(line) && may_start(line)) emptying.Add(std::move(line), open);
  }
  emptying.Empty();
  for (JobLine& line : LinesOf(situation.queue, &standings, full)) {
    if (!in_lane(line) && may_start(line)) emptying.Add(std::move(line), full);
  }
  for (JobLine& line : LinesOf(situation.queue, &standings, all)) {
    if (!in_lane(line) && !may_start(line)) emptying.Add(std::move(line), all);
  }
  emptying.Empty();
  order.startable = order.jobs.size();

  situation.queue.ForEach([&](const storage::Job& job) {
    const bool aside = !job.held_by.empty() || !job.dependencies.empty() || situation.queue.IsRefused(job);
    if (aside) order.jobs.push_back(&job);
  });
  return order;
}

}  // namespace sumscope::jobs

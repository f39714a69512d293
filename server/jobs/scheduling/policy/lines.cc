#include "server/jobs/scheduling/policy/lines.h"

namespace sumscope::jobs {

bool GoesBefore(const JobLine& a, const JobLine& b) {
  const int class_a = ClassOf(a.head->priority), class_b = ClassOf(b.head->priority);
  if (class_a != class_b) return class_a > class_b;
  if (a.standing->taken != b.standing->taken) return a.standing->taken < b.standing->taken;
  return a.head->queue_position < b.head->queue_position;
}

std::vector<JobLine> LinesOf(const JobQueue& queue, Standings* standings, GroupOpen open) {
  std::vector<JobLine> lines;
  for (const auto& [line, groups] : queue.ready().lines()) {
    JobLine added{&line.owner, &standings->Of(line.owner), LineWalk(groups), nullptr};
    added.Next(open);
    if (added.head != nullptr) lines.push_back(std::move(added));
  }
  return lines;
}

}  // namespace sumscope::jobs

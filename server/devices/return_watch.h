#ifndef SUMSCOPE_SERVER_DEVICES_RETURN_WATCH_H_
#define SUMSCOPE_SERVER_DEVICES_RETURN_WATCH_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace sumscope::devices {

inline constexpr absl::Duration kReturnTime = absl::Seconds(10);
// What a worker may hold more than before its job: libraries fill their workspaces at first use and keep them.
inline constexpr uint64_t kReturnTolerance = uint64_t{256} << 20;

// Workers that have to give memory back after a job, as a state machine that is told the time (monotonic) and what they
// hold. Thread-compatible.
class ReturnWatch {
 public:
  // A second watch of the same worker takes the place of the first.
  void Add(const std::string& device, int64_t pid, uint64_t baseline, absl::Duration now);

  struct Outcome {
    std::string device;
    int64_t pid = 0;
    bool returned = false;            // false: kReturnTime has passed
    uint64_t baseline = 0, held = 0;  // bytes
  };
  // Those that are decided, each once. `held` says what a worker holds, 0 for one that has ended.
  std::vector<Outcome> Step(absl::Duration now,
                            const std::function<uint64_t(const std::string& device, int64_t pid)>& held);

  bool empty() const { return watches_.empty(); }

 private:
  struct Watch {
    std::string device;
    int64_t pid;
    uint64_t baseline;
    absl::Duration until;
  };
  std::vector<Watch> watches_;
};

}  // namespace sumscope::devices

#endif  // SUMSCOPE_SERVER_DEVICES_RETURN_WATCH_H_

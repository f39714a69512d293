#ifndef SUMSCOPE_SERVER_RPC_PROSPECTS_H_
#define SUMSCOPE_SERVER_RPC_PROSPECTS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/rpc/services.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::rpc {

// How analyses that are not over stand: their place in the queue, how far they are, when they end. One look at the jobs
// for one answer. Thread-compatible.
class Prospects {
 public:
  static absl::StatusOr<Prospects> Read(const Backend& backend);

  // Fills progress and, where nothing else is said there, state_detail: "number 3 of those that wait", "about 40 s
  // left". Leaves an analysis that has ended as it is.
  void Describe(v1::Analysis* analysis) const;

 private:
  struct Job {
    uint32_t place = 0;      // in the queue; 0 when it has a slot
    absl::Duration running;  // so long already
  };
  explicit Prospects(const Backend& backend) : hub_(backend.hub) {}

  jobs::EventHub* hub_;
  std::map<std::string, Job> jobs_;  // by name: jobs/{job}
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_PROSPECTS_H_

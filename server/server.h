#ifndef SUMSCOPE_SERVER_SERVER_H_
#define SUMSCOPE_SERVER_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/config.h"

namespace sumscope {

// The composition root: the only place that chooses concrete types. Start opens storage, recovers, launches the workers
// and listens; Drain is the graceful end. Confined to the main thread.
class Server {
 public:
  // The account that runs it.
  struct Account {
    uint32_t uid = 0;
    std::string name;
  };

  // Fails with a status that names the cause and what to do, and leaves nothing behind. Once `told_to_end` says so, it
  // leaves to the next start what can wait, so that the caller may drain at once.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerConfig& config, const Account& account,
                                                       std::function<bool()> told_to_end);
  virtual ~Server() = default;

  virtual const std::vector<std::string>& addresses() const = 0;
  // FAILED_PRECONDITION DATA_DIRECTORY_LOST: what is written now would be gone.
  virtual absl::Status CheckPlace() const = 0;
  // What recovery did.
  virtual const std::vector<std::string>& repairs() const = 0;
  // What whoever runs the server should mend: certificates, folders.
  virtual const std::vector<std::string>& warnings() const = 0;
  // Takes no new work, lets running jobs save their state, ends streams and workers, cuts off clients that do not read,
  // closes the data directory and lets go of its lock. False where a stream does not end even so: all is durable then,
  // but the destructor would wait for it.
  virtual bool Drain(absl::Duration grace) = 0;
};

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_SERVER_H_

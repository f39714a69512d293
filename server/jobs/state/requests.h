#ifndef SUMSCOPE_SERVER_JOBS_STATE_REQUESTS_H_
#define SUMSCOPE_SERVER_JOBS_STATE_REQUESTS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/catalog/catalog.h"

namespace sumscope::jobs {

// What makes two creating calls of a user the same: each is one transaction with its request record, and the same id
// and digest return the same resource. An empty id is not recorded.
struct Request {
  std::string id, digest;
};

// The resource that the request made before, which is named in the actor's audit; empty when it is new. ALREADY_EXISTS
// REQUEST_ID_REUSED: the id came with another digest, or of another user.
absl::StatusOr<std::optional<std::string>> FindReplay(storage::CatalogReader& reader, const storage::Actor& actor,
                                                      const Request& request);
// The request has made the resource, which is named in the actor's audit.
absl::Status RecordRequest(storage::CatalogTransaction& transaction, const storage::Actor& actor,
                           const Request& request, const std::string& resource);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_REQUESTS_H_

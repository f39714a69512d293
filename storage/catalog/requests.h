#ifndef SUMSCOPE_STORAGE_CATALOG_REQUESTS_H_
#define SUMSCOPE_STORAGE_CATALOG_REQUESTS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sumscope::storage {

// A create request that was answered: the same request_id and digest give `resource` again, to the same user.
struct RequestRecord {
  std::string request_id;
  std::string digest;    // SHA-256 of method and body
  std::string resource;  // runs/{run}, ..
  std::string user;  // who asked, the only one who may be answered again; empty: anybody, of before there were users
};

// Which requests were answered. They take no viewer: an id is used up for everybody, and what a record names is read
// with one.
class RequestsReader {
 public:
  virtual ~RequestsReader() = default;
  // Empty where no such request was answered, or the record was pruned.
  virtual absl::StatusOr<std::optional<RequestRecord>> Find(const std::string& request_id) = 0;
};

class Requests : public RequestsReader {
 public:
  virtual absl::Status Insert(const RequestRecord& record) = 0;
  // Forgets records that are older.
  virtual absl::Status Prune(absl::Time older_than) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_REQUESTS_H_

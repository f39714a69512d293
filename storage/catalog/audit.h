#ifndef SUMSCOPE_STORAGE_CATALOG_AUDIT_H_
#define SUMSCOPE_STORAGE_CATALOG_AUDIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sumscope::storage {

// One call that changed something, or tried to: a row of the audit. No secret, token or question text is in it.
struct AuditRow {
  uint64_t sequence = 0;  // set by Append
  absl::Time time;
  std::string user;        // empty: who called could not be known
  std::string credential;  // "local uid 1000", "certificate alice", "token laptop"
  std::string address;     // "socket", or an IP address
  std::string method;      // /sumscope.v1.RunService/CreateRun
  std::string resource;    // runs/r7k2m9qa, as far as it is known
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason;  // of a refusal
  std::string request_id;
};

struct AuditQuery {
  std::string user;                 // "" = all
  std::optional<absl::Time> since;  // rows of this time or later
  std::string method;               // its full name, or what follows the last '/'; "" = all
  std::string resource;             // this one and what lies below it; "" = all
  uint32_t page_size = 50;
  std::string page_token;
};
struct AuditPage {
  std::vector<AuditRow> rows;
  std::string next_page_token;
};

// The audit.
class AuditReader {
 public:
  virtual ~AuditReader() = default;
  // The newest first. INVALID_ARGUMENT PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<AuditPage> List(const AuditQuery& query) = 0;
};

class Audit : public AuditReader {
 public:
  // Sets row->sequence. Catalog::Write does so for its actor.
  virtual absl::Status Append(AuditRow* row) = 0;
  // A call whose change was committed ended otherwise after all, or named its resource late: replaces resource, code
  // and reason of the row of that sequence.
  virtual absl::Status Correct(const AuditRow& row) = 0;
  // Forgets rows that are older.
  virtual absl::Status Prune(absl::Time older_than) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_AUDIT_H_

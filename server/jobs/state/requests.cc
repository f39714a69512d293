#include "server/jobs/state/requests.h"

#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::jobs {

absl::StatusOr<std::optional<std::string>> FindReplay(storage::CatalogReader& reader, const storage::Actor& actor,
                                                      const Request& request) {
  if (request.id.empty()) return std::optional<std::string>();
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<storage::RequestRecord> record, reader.requests().Find(request.id));
  if (!record.has_value()) return std::optional<std::string>();
  if (record->digest != request.digest || (!record->user.empty() && record->user != actor.user())) {
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "request_id was used for another request; use a new UUID for each request",
                     {{"request_id", request.id}});
  }
  actor.Names(record->resource);
  return std::optional<std::string>(record->resource);
}

absl::Status RecordRequest(storage::CatalogTransaction& transaction, const storage::Actor& actor,
                           const Request& request, const std::string& resource) {
  actor.Names(resource);
  if (request.id.empty()) return absl::OkStatus();
  storage::RequestRecord record;
  record.request_id = request.id;
  record.user = actor.user();
  record.digest = request.digest;
  record.resource = resource;
  return transaction.requests().Insert(record);
}

}  // namespace sumscope::jobs

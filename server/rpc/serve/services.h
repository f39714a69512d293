#ifndef SUMSCOPE_SERVER_RPC_SERVE_SERVICES_H_
#define SUMSCOPE_SERVER_RPC_SERVE_SERVICES_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/map.h"
#include "google/protobuf/message.h"
#include "proto/contract/limits.h"
#include "server/auth/authenticator.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/state/event_hub.h"
#include "server/rpc/serve/seats.h"
#include "server/rpc/serve/transfer/incoming_room.h"
#include "server/rpc/serve/transfer/upload_desk.h"
#include "server/workers/worker_pool.h"
#include "storage/capture_file.h"
#include "storage/catalog.h"
#include "storage/run_file.h"

namespace sumscope::rpc {

// What every service is built on. Borrowed; all of it outlives the services and is thread-safe.
struct Backend {
  jobs::JobManager* manager;
  jobs::EventHub* hub;
  storage::Catalog* catalog;
  storage::RunFiles* run_files;
  storage::CaptureFiles* captures;
  Seats* watchers;   // calls that wait for news
  Seats* downloads;  // calls that send many messages
  UploadDesk* uploads;
  IncomingRoom* room;
  const auth::Authenticator* authenticator;
  std::string spool_directory;      // for uploads on their way in; on the same disk as the runs
  const workers::WorkerPool* pool;  // for predictions
  uint64_t memory_bytes = 0;        // that a worker on this machine can have at the most; 0: nobody knows
};

// The run that `name` means to `caller`: runs/{run}, a unique prefix of an id, looked for among `first` ones before
// others, or runs/@last.
// INVALID_ARGUMENT RESOURCE_NAME_INVALID, AMBIGUOUS_PREFIX; NOT_FOUND RUN_NOT_FOUND.
absl::StatusOr<v1::Run> ResolveRun(const Backend& backend, const std::string& name, const std::string& caller,
                                   storage::RunsFirst first = storage::RunsFirst::kLiving);

// What makes two creating calls the same: `request_id` (a UUID, or empty) and SHA-256 over the method and the body,
// whose own request_id field is left out. INVALID_ARGUMENT REQUEST_ID_INVALID; RESOURCE_EXHAUSTED MESSAGE_TOO_LARGE for
// what could be stored, but not be sent back.
absl::StatusOr<jobs::JobManager::Request> RequestOf(const std::string& method, const google::protobuf::Message& body);

// Bounds page_size: 0 is the default. INVALID_ARGUMENT PAGE_SIZE_INVALID over the maximum.
absl::StatusOr<uint32_t> PageSize(uint32_t asked, uint32_t default_size, uint32_t maximum);

// INVALID_ARGUMENT TOO_MANY_LABELS, LABEL_KEY_INVALID, LABEL_VALUE_INVALID.
absl::Status ValidateLabels(const google::protobuf::Map<std::string, std::string>& labels);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_SERVICES_H_

#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_QUEUE_DEVICE_VIEW_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_QUEUE_DEVICE_VIEW_H_

#include "absl/time/time.h"
#include "client/cli/app/session.h"
#include "sumscope/v1/queue.pb.h"

namespace sumscope::client {

// Devices with who runs what on them, what others have of them, and warnings; rates with -o wide.
Document ShowDevices(const Session& session, const v1::ListDevicesResponse& response, absl::Time now);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_QUEUE_DEVICE_VIEW_H_

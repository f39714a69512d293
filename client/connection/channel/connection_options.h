#ifndef SUMSCOPE_CLIENT_CONNECTION_CHANNEL_CONNECTION_OPTIONS_H_
#define SUMSCOPE_CLIENT_CONNECTION_CHANNEL_CONNECTION_OPTIONS_H_

#include <string>

#include "absl/time/time.h"

namespace sumscope::client {

struct ConnectionOptions {
  std::string address;                                 // unix:/path or host:port
  absl::Duration timeout = absl::Seconds(30);          // of a call with its repeats, of a stream's connecting
  absl::Duration call_patience = absl::Seconds(30);    // how long a call waits for a server that was there before
  absl::Duration stream_patience = absl::Minutes(10);  // the same for streams, since they last moved
  absl::Duration first_patience = absl::Seconds(1);    // while the server has not yet answered once
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_CHANNEL_CONNECTION_OPTIONS_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_BASE_TIMESTAMP_H_
#define SUMSCOPE_PROTO_CONTRACT_BASE_TIMESTAMP_H_

#include <cstdint>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace sumscope {

inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const absl::Duration since_epoch = time - absl::UnixEpoch();
  const int64_t seconds = absl::ToInt64Seconds(absl::Floor(since_epoch, absl::Seconds(1)));
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(since_epoch - absl::Seconds(seconds))));
  return timestamp;
}

inline absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_BASE_TIMESTAMP_H_

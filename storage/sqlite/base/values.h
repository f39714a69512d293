#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_VALUES_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_VALUES_H_

#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/contract/text/sha256.h"
#include "sumscope/v1/runs.pb.h"

// Conversions between messages and columns.
namespace sumscope::storage {

// The proto's JSON with proto field names, on one line.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);
// INTERNAL when `json` is not that message; the caller knows which file is damaged.
absl::Status FromJson(absl::string_view json, google::protobuf::Message* message);

// Nanoseconds since 1970; times beyond the year 2262 become the largest.
int64_t ToNanos(absl::Time time);
absl::Time FromNanos(int64_t nanos);
int64_t ToNanos(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp TimestampFromNanos(int64_t nanos);

// "RUNNING" -> RUNNING; STATE_UNSPECIFIED for anything unknown.
v1::State StateFromName(const std::string& name);
bool IsState(const std::string& name);

// The integers of a sequence beyond int64 become the largest: no step or byte count comes near.
int64_t Saturated(uint64_t value);

// The checksum of a row: the first 16 hex digits of SHA-256 over its values, each with its length.
class RowChecksum {
 public:
  RowChecksum& Text(absl::string_view value);
  RowChecksum& Int(int64_t value);
  RowChecksum& Real(double value);
  RowChecksum& OptionalText(const std::optional<std::string>& value);
  RowChecksum& OptionalInt(const std::optional<int64_t>& value);
  RowChecksum& OptionalReal(const std::optional<double>& value);
  std::string Digest();  // call once

 private:
  Sha256 hash_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_VALUES_H_

#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_NUMBERS_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_NUMBERS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace sumscope::client {

// For programs: the shortest text that reads back as the same double; "" for NaN, "inf" and "-inf".
std::string ShortestDouble(double value);

// For people. "-" for NaN, never minus zero.
// So many significant digits, zeros at the end included, so that columns line up: 2.80, 1230, 1.30e-07.
std::string FormatDigits(double value, int digits);
// So many decimals: 12.50.
std::string FormatDecimals(double value, int decimals);
std::string FormatLoss(double value);    // four of them: 2.800, 0.01672, 1.300e-07
std::string FormatPercent(double rate);  // 0.9571 is "95.71 %", 0.999998 "99.9998 %": as exact as failures are rare
// A percentage with so many decimals that is never nothing for a little nor all for almost all: 0, <1, 96, >99, 100;
// with two decimals 0.00, <0.01, 96.40, >99.99, 100.00. "-" for NaN.
std::string RoundPercent(double percent, int decimals = 0);
std::string FormatCount(uint64_t count);  // 10,000
// "1 question", "10,000 questions".
std::string Counted(uint64_t count, absl::string_view noun);
std::string FormatBytes(uint64_t bytes);      // 1.4 MiB
std::string FormatSpan(absl::Duration span);  // 8 s, 3 min 20 s, 2 h 05 min, 3 d 4 h
// A rough prediction, no more exact than it is: "about 8 s", "about 15 min", "about 2 h".
std::string AboutSpan(absl::Duration span);
// What stands behind a predicted time: " (measured on this shape, 3 times)". `basis` is what the server says of it.
std::string BasisOfTime(bool measured, absl::string_view basis);
std::string FormatAge(absl::Duration age);  // 8s, 3m, 2h, 3d

// RFC 3339 in UTC to the second: 2025-03-01T12:00:00Z.
std::string FormatTime(const google::protobuf::Timestamp& stamp);
// The same of one that is there; else "".
std::string StampText(bool present, const google::protobuf::Timestamp& stamp);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_NUMBERS_H_

#include "client/cli/output/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "proto/contract/base/timestamp.h"

namespace sumscope::client {

std::string ShortestDouble(double value) {
  if (std::isnan(value)) return "";
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, end);
}

std::string FormatDigits(double value, int digits) {
  if (std::isnan(value)) return "-";
  std::string text = absl::StrFormat("%#.*g", digits, value + 0.0);  // -0.0 + 0.0 is 0.0
  // Up to millions more zeros are read more easily than a power of ten.
  constexpr double kPlainBelow = 1e7;
  double rounded = 0;
  if (absl::StrContains(text, "e+") && absl::SimpleAtod(text, &rounded) && std::abs(rounded) < kPlainBelow) {
    return absl::StrFormat("%.0f", rounded);
  }
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string FormatDecimals(double value, int decimals) {
  if (std::isnan(value)) return "-";
  const std::string text = absl::StrFormat("%.*f", decimals, value);
  // What is rounded to nothing has no sign.
  return text.find_first_not_of("-0.") == std::string::npos ? std::string(absl::StripPrefix(text, "-")) : text;
}

std::string FormatLoss(double value) { return FormatDigits(value, 4); }

std::string FormatPercent(double rate) {
  if (std::isnan(rate)) return "-";
  const double failure = std::abs(1 - rate);
  const double rarer = std::min(failure > 0 ? failure : 1.0, rate > 0 ? rate : 1.0);
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(rarer * 100))), 2, 7);
  return absl::StrFormat("%.*f %%", decimals, rate * 100);
}

std::string RoundPercent(double percent, int decimals) {
  if (std::isnan(percent)) return "-";
  const double unit = std::pow(10, -decimals);
  if (percent > 0 && percent < unit) return absl::StrFormat("<%.*f", decimals, unit);
  std::string text = absl::StrFormat("%.*f", decimals, percent);
  if (percent < 100 && text == absl::StrFormat("%.*f", decimals, 100.0)) {
    return absl::StrFormat(">%.*f", decimals, 100 - unit);
  }
  return text;
}

std::string FormatCount(uint64_t count) {
  std::string digits = absl::StrCat(count);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<size_t>(i), ",");
  return digits;
}

std::string Counted(uint64_t count, absl::string_view noun) {
  return absl::StrCat(FormatCount(count), " ", noun, count == 1 ? "" : "s");
}

std::string FormatBytes(uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 5; ++unit) value /= 1024;
  return absl::StrFormat("%.*f %ciB", value < 10 ? 1 : 0, value, " KMGTP"[unit]);
}

std::string FormatSpan(absl::Duration span) {
  if (span < absl::Seconds(1)) return absl::StrFormat("%.1f s", std::max(0.0, absl::ToDoubleSeconds(span)));
  if (span > absl::Hours(24 * 36500)) return "-";
  const int64_t seconds = absl::ToInt64Seconds(span);
  if (seconds < 60) return absl::StrCat(seconds, " s");
  if (seconds < 3600) return absl::StrFormat("%d min %02d s", seconds / 60, seconds % 60);
  if (seconds < 86400) return absl::StrFormat("%d h %02d min", seconds / 3600, seconds / 60 % 60);
  return absl::StrFormat("%d d %d h", seconds / 86400, seconds / 3600 % 24);
}

std::string BasisOfTime(bool measured, absl::string_view basis) {
  if (!measured) return " (at an assumed speed: no worker has measured its own yet)";
  return basis.empty() ? "" : absl::StrCat(" (", basis, ")");
}

std::string AboutSpan(absl::Duration span) {
  const double seconds = absl::ToDoubleSeconds(span);
  if (seconds < 1) return "about 1 s";
  if (seconds > 1e10) return "-";
  const double unit = seconds < 90 ? 1 : seconds < 5400 ? 60 : seconds < 172800 ? 3600 : 86400;
  const char* const name = seconds < 90 ? "s" : seconds < 5400 ? "min" : seconds < 172800 ? "h" : "d";
  // Two digits: 14 min 31 s is no more certain than 15 min.
  const double count = seconds / unit;
  const double step = count < 10 ? 1 : count < 30 ? 5 : 10;
  return absl::StrFormat("about %.0f %s", std::round(count / step) * step, name);
}

std::string FormatAge(absl::Duration age) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(age));
  if (seconds < 120) return absl::StrCat(seconds, "s");
  if (seconds < 7200) return absl::StrCat(seconds / 60, "m");
  if (seconds < 172800) return absl::StrCat(seconds / 3600, "h");
  return absl::StrCat(seconds / 86400, "d");
}

std::string FormatTime(const google::protobuf::Timestamp& stamp) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", ToTime(stamp), absl::UTCTimeZone());
}

std::string StampText(bool present, const google::protobuf::Timestamp& stamp) {
  return present ? FormatTime(stamp) : "";
}

}  // namespace sumscope::client

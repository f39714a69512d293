#include "server/log.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpc/support/log.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/spdlog.h"

namespace sumscope {
namespace {

constexpr const char* kLevels[] = {"trace", "debug", "info", "warning", "error"};
constexpr const char* kFormats[] = {"text", "json"};
constexpr size_t kMaxGrpcLine = 300;  // characters

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const auto level = spdlog::level::to_string_view(message.level);
    nlohmann::ordered_json json;
    json["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromChrono(message.time), absl::UTCTimeZone());
    json["level"] = std::string(level.data(), level.size());
    json["message"] = std::string(message.payload.data(), message.payload.size());
    const std::string text = json.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
    line.append(text.data(), text.data() + text.size());
    line.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

template <size_t N>
absl::Status CheckOneOf(const char* const (&known)[N], const char* key, const std::string& value) {
  if (absl::c_linear_search(known, value)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID",
                   absl::StrCat(key, " is ", Quote(value), "; there are ", absl::StrJoin(known, ", ")));
}

// What peers do to themselves: each may cause it as often as it likes.
bool ConcernsOnePeer(absl::string_view file, absl::string_view text) {
  for (const char* const part : {"ssl_transport_security", "security_handshaker", "secure_endpoint"}) {
    if (absl::StrContains(file, part)) return true;
  }
  return absl::StrContains(absl::AsciiStrToLower(text), "handshake");
}

void LogOfGrpc(gpr_log_func_args* line) {
  const absl::string_view file = line->file == nullptr ? "" : line->file;
  std::string text = line->message == nullptr ? "" : line->message;
  const bool warns = line->severity == GPR_LOG_SEVERITY_ERROR && !ConcernsOnePeer(file, text);
  const auto level = warns ? spdlog::level::warn : spdlog::level::debug;
  if (!spdlog::should_log(level)) return;
  text.resize(std::min(text.size(), kMaxGrpcLine));
  for (char& c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  spdlog::log(level, absl::StrCat("gRPC: ", text, " (", file.substr(file.rfind('/') + 1), ":", line->line, ")"));
}

}  // namespace

absl::Status CheckLogOptions(const LogOptions& options) {
  SUMSCOPE_RETURN_IF_ERROR(CheckOneOf(kLevels, "log_level", options.level));
  return CheckOneOf(kFormats, "log_format", options.format);
}

void StartLog(const LogOptions& options, std::ostream* out) {
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*out, /*force_flush=*/true);
  auto log = std::make_shared<spdlog::logger>("sumscoped", std::move(sink));
  log->set_level(spdlog::level::from_str(options.level));
  if (options.format == "json") {
    log->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    log->set_pattern("sumscoped: %v");
  }
  spdlog::set_default_logger(std::move(log));
}

void RouteGrpcLog() { gpr_set_log_function(LogOfGrpc); }

}  // namespace sumscope

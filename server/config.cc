#include "server/config.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "server/host/loopback.h"
#include "toml++/toml.h"

namespace sumscope {
namespace {

constexpr uint32_t kMaxThreads = 1024;

// Reads one value of the type that the key has; false when it has another.
bool Take(const toml::node& node, std::string* out) {
  const auto value = node.value_exact<std::string>();
  if (value.has_value()) *out = *value;
  return value.has_value();
}
bool Take(const toml::node& node, bool* out) {
  const auto value = node.value_exact<bool>();
  if (value.has_value()) *out = *value;
  return value.has_value();
}
bool Take(const toml::node& node, double* out) {
  const auto value = node.value<double>();
  if (value.has_value() && node.is_number()) *out = *value;
  return value.has_value() && node.is_number();
}
bool Take(const toml::node& node, uint64_t* out) {
  const auto value = node.value_exact<int64_t>();
  if (!value.has_value() || *value < 0) return false;
  *out = static_cast<uint64_t>(*value);
  return true;
}
bool Take(const toml::node& node, std::vector<std::string>* out) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return false;
  out->clear();
  for (const toml::node& item : *array) {
    if (!Take(item, &out->emplace_back())) return false;
  }
  return true;
}

absl::Status TakeSlots(const toml::node& node, ServerConfig* config) {
  std::vector<std::string> texts;
  if (!Take(node, &texts)) return InvalidConfig("slots must be an array of strings such as \"cpu0:cpu:2\"");
  config->slots.clear();
  for (const std::string& text : texts) SUMSCOPE_RETURN_IF_ERROR(AddSlot(text, config));
  return absl::OkStatus();
}

absl::Status TakeKey(const std::string& key, const toml::node& node, ServerConfig* config) {
  if (key == "slots") return TakeSlots(node, config);
  bool ok = false;
  if (key == "data_directory") {
    ok = Take(node, &config->data_directory);
  } else if (key == "listen") {
    ok = Take(node, &config->listen);
  } else if (key == "insecure_loopback") {
    ok = Take(node, &config->insecure_loopback);
  } else if (key == "worker_program") {
    ok = Take(node, &config->worker_program);
  } else if (key == "resume_interval_seconds") {
    ok = Take(node, &config->resume_interval_seconds);
  } else if (key == "capture_limit_bytes") {
    ok = Take(node, &config->capture_limit_bytes);
  } else if (key == "log_level") {
    ok = Take(node, &config->log.level);
  } else if (key == "log_format") {
    ok = Take(node, &config->log.format);
  } else {
    return InvalidConfig(absl::StrCat("unknown key ", Quote(key),
                                      "; there are data_directory, listen, insecure_loopback, worker_program, slots, "
                                      "resume_interval_seconds, capture_limit_bytes, log_level, log_format"));
  }
  return ok ? absl::OkStatus() : InvalidConfig(absl::StrCat("key ", Quote(key), " has a value of the wrong type"));
}

// cpu or cuda:N.
bool IsDevice(absl::string_view device) {
  uint32_t index = 0;
  return device == "cpu" || (absl::ConsumePrefix(&device, "cuda:") && !device.empty() && device[0] != '+' &&
                             device[0] != '-' && absl::SimpleAtoi(device, &index));
}

}  // namespace

absl::Status InvalidConfig(const std::string& message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID", message);
}

absl::Status ReadConfigText(absl::string_view text, const std::string& file, ServerConfig* config) {
  toml::table table;
  try {
    table = toml::parse(std::string_view(text.data(), text.size()), file);
  } catch (const toml::parse_error& error) {
    return InvalidConfig(absl::StrCat(file, ":", error.source().begin.line, ": ", std::string(error.description())));
  }
  for (const auto& [key, node] : table) {
    const absl::Status status = TakeKey(std::string(key.str()), node, config);
    if (!status.ok()) return InvalidConfig(absl::StrCat(file, ":", node.source().begin.line, ": ", status.message()));
  }
  return absl::OkStatus();
}

absl::Status AddSlot(absl::string_view text, ServerConfig* config) {
  const size_t first = text.find(':'), last = text.rfind(':');
  workers::SlotConfig slot;
  const bool shaped = first != absl::string_view::npos && first != last;
  if (!shaped || !absl::SimpleAtoi(text.substr(last + 1), &slot.threads)) {
    return InvalidConfig(
        absl::StrCat("slot ", Quote(text), " is not NAME:DEVICE:THREADS, such as cpu0:cpu:2 or gpu0:cuda:0:4"));
  }
  if (slot.threads == 0 || slot.threads > kMaxThreads) {
    return InvalidConfig(
        absl::StrCat("slot ", Quote(text), " has ", slot.threads, " threads; expected 1 to ", kMaxThreads));
  }
  slot.name = std::string(text.substr(0, first));
  slot.device = std::string(text.substr(first + 1, last - first - 1));
  config->slots.push_back(std::move(slot));
  return absl::OkStatus();
}

absl::Status ValidateConfig(const ServerConfig& config) {
  if (config.slots.empty()) return InvalidConfig("a server needs at least one slot");
  std::set<std::string> names;
  for (const workers::SlotConfig& slot : config.slots) {
    const bool plain = slot.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (slot.name.empty() || slot.name.size() > 32 || !plain || !names.insert(slot.name).second) {
      return InvalidConfig(
          absl::StrCat("slot name ", Quote(slot.name), " must be new, of a-z, 0-9 and \"-\", at most 32 long"));
    }
    if (!IsDevice(slot.device)) {
      return InvalidConfig(
          absl::StrCat("device ", Quote(slot.device), " of slot ", slot.name, " is neither cpu nor cuda:N"));
    }
  }
  if (!(config.resume_interval_seconds > 0 && config.resume_interval_seconds <= 60)) {
    return InvalidConfig(
        "resume_interval_seconds must be above 0 and at most 60: so much work may be repeated after a crash");
  }
  SUMSCOPE_RETURN_IF_ERROR(CheckLogOptions(config.log));
  for (const std::string& address : config.listen) {
    if (absl::StartsWith(address, "unix:/")) continue;
    SUMSCOPE_RETURN_IF_ERROR(host::LoopbackAddress(address).status());
    if (!config.insecure_loopback) return host::PlaintextRefused(address);
  }
  return absl::OkStatus();
}

}  // namespace sumscope

#include "server/config.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "server/host/groups.h"
#include "server/host/loopback.h"
#include "server/queue_config.h"
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

template <auto kField>
bool Into(const toml::node& node, ServerConfig* config) {
  return Take(node, &(config->*kField));
}

struct Key {
  const char* name;
  bool (*take)(const toml::node& node, ServerConfig* config);
};

constexpr Key kKeys[] = {
    {"data_directory", Into<&ServerConfig::data_directory>},
    {"listen", Into<&ServerConfig::listen>},
    {"insecure_loopback", Into<&ServerConfig::insecure_loopback>},
    {"socket_group", Into<&ServerConfig::socket_group>},
    {"tls_certificate", Into<&ServerConfig::tls_certificate>},
    {"tls_key", Into<&ServerConfig::tls_key>},
    {"tls_client_ca", Into<&ServerConfig::tls_client_ca>},
    {"tls_client_certificates", Into<&ServerConfig::tls_client_certificates>},
    {"worker_program", Into<&ServerConfig::worker_program>},
    {"slots", nullptr},  // TakeSlots
    {"resume_interval_seconds", Into<&ServerConfig::resume_interval_seconds>},
    {"capture_limit_bytes", Into<&ServerConfig::capture_limit_bytes>},
    {"slice_minutes", Into<&ServerConfig::slice_minutes>},
    {"half_life_hours", Into<&ServerConfig::half_life_hours>},
    {"low_charge", Into<&ServerConfig::low_charge>},
    {"quick_seconds", Into<&ServerConfig::quick_seconds>},
    {"shares", Into<&ServerConfig::shares>},
    {"limits", Into<&ServerConfig::limits>},
    {"foreign_memory_mib", Into<&ServerConfig::foreign_memory_mib>},
    {"yield_to_foreign", Into<&ServerConfig::yield_to_foreign>},
    {"slots_per_gpu", Into<&ServerConfig::slots_per_gpu>},
    {"nvml_library", Into<&ServerConfig::nvml_library>},
    {"user_calls_per_second", Into<&ServerConfig::user_calls_per_second>},
    {"user_call_burst", Into<&ServerConfig::user_call_burst>},
    {"user_streams", Into<&ServerConfig::user_streams>},
    {"user_uploads", Into<&ServerConfig::user_uploads>},
    {"user_connections", Into<&ServerConfig::user_connections>},
    {"address_connections", Into<&ServerConfig::address_connections>},
    {"log_level", [](const toml::node& node, ServerConfig* config) { return Take(node, &config->log.level); }},
    {"log_format", [](const toml::node& node, ServerConfig* config) { return Take(node, &config->log.format); }},
};

absl::Status TakeKey(const std::string& name, const toml::node& node, ServerConfig* config) {
  for (const Key& key : kKeys) {
    if (name != key.name) continue;
    if (key.take == nullptr) return TakeSlots(node, config);
    if (key.take(node, config)) return absl::OkStatus();
    return InvalidConfig(absl::StrCat("key ", Quote(name), " has a value of the wrong type"));
  }
  return InvalidConfig(absl::StrCat("unknown key ", Quote(name), "; there are ", absl::StrJoin(ConfigKeys(), ", ")));
}

// cpu or cuda:N.
bool IsDevice(absl::string_view device) {
  uint32_t index = 0;
  return device == "cpu" || (absl::ConsumePrefix(&device, "cuda:") && !device.empty() && device[0] != '+' &&
                             device[0] != '-' && absl::SimpleAtoi(device, &index));
}

absl::Status CheckTls(const ServerConfig& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return InvalidConfig("TLS needs both: tls_certificate and tls_key");
  }
  if (!config.has_tls() && (!config.tls_client_ca.empty() || !config.tls_client_certificates.empty())) {
    return InvalidConfig("tls_client_ca and tls_client_certificates say nothing without tls_certificate and tls_key");
  }
  const std::string& asked = config.tls_client_certificates;
  if (!asked.empty() && asked != "none" && asked != "optional" && asked != "required") {
    return InvalidConfig(
        absl::StrCat("tls_client_certificates is ", Quote(asked), "; expected none, optional or required"));
  }
  if (config.tls_client_ca.empty() && (asked == "optional" || asked == "required")) {
    return InvalidConfig("tls_client_certificates needs tls_client_ca, by which they are judged");
  }
  if (config.has_tls() && config.insecure_loopback) {
    return InvalidConfig("insecure_loopback allows TCP without TLS, and with tls_certificate all of it has TLS");
  }
  return absl::OkStatus();
}

absl::Status CheckAddresses(const ServerConfig& config) {
  bool has_tcp = false;
  for (const std::string& address : config.listen) {
    if (absl::StartsWith(address, "unix:/")) continue;
    has_tcp = true;
    SUMSCOPE_RETURN_IF_ERROR(host::CheckTcpAddress(address));
    if (config.has_tls()) continue;
    SUMSCOPE_RETURN_IF_ERROR(host::LoopbackAddress(address).status());
    if (!config.insecure_loopback) return host::PlaintextRefused(address);
  }
  if (!config.has_tls() || has_tcp) return absl::OkStatus();
  return InvalidConfig("there is a tls_certificate, and no address of listen to use it on, such as 0.0.0.0:7433");
}

absl::Status CheckUserLimits(const ServerConfig& config) {
  constexpr double kMaxRate = 1e6;
  if (!(config.user_calls_per_second > 0 && config.user_calls_per_second <= kMaxRate)) {
    return InvalidConfig("user_calls_per_second must be above 0 and at most a million");
  }
  const std::pair<const char*, uint64_t> counts[] = {{"user_call_burst", config.user_call_burst},
                                                     {"user_streams", config.user_streams},
                                                     {"user_uploads", config.user_uploads},
                                                     {"user_connections", config.user_connections},
                                                     {"address_connections", config.address_connections}};
  for (const auto& [name, count] : counts) {
    if (count == 0 || count > kMaxRate) return InvalidConfig(absl::StrCat(name, " must be 1 to a million"));
  }
  return absl::OkStatus();
}

absl::Status CheckDevices(const ServerConfig& config) {
  constexpr uint64_t kMaxSlotsPerGpu = 16, kMaxMib = uint64_t{1} << 30;
  if (config.foreign_memory_mib > kMaxMib) return InvalidConfig("foreign_memory_mib is more than any device has");
  if (config.slots_per_gpu == 0 || config.slots_per_gpu > kMaxSlotsPerGpu) {
    return InvalidConfig(absl::StrCat("slots_per_gpu must be 1 to ", kMaxSlotsPerGpu));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> ConfigKeys() {
  std::vector<std::string> names;
  for (const Key& key : kKeys) names.push_back(key.name);
  return names;
}

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
  if (!config.socket_group.empty()) SUMSCOPE_RETURN_IF_ERROR(host::GroupNamed(config.socket_group).status());
  SUMSCOPE_RETURN_IF_ERROR(CheckUserLimits(config));
  SUMSCOPE_RETURN_IF_ERROR(SharePolicyOf(config).status());
  SUMSCOPE_RETURN_IF_ERROR(CheckDevices(config));
  SUMSCOPE_RETURN_IF_ERROR(CheckTls(config));
  return CheckAddresses(config);
}

}  // namespace sumscope

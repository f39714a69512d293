#ifndef SUMSCOPE_SERVER_CONFIG_H_
#define SUMSCOPE_SERVER_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/limits.h"
#include "server/log.h"
#include "server/workers/pool/slot_supervisor.h"

namespace sumscope {

// How a server runs. Every field is a key of sumscoped.toml and a flag of sumscoped; flag beats environment beats file.
struct ServerConfig {
  std::string data_directory;              // default $XDG_DATA_HOME/sumscope
  std::vector<std::string> listen;         // unix:/path or host:port; default: the local socket
  bool insecure_loopback = false;          // allow host:port without TLS, on loopback only
  std::string socket_group;                // may use Unix sockets once there are users; "": no group may
  std::string tls_certificate, tls_key;    // PEM files, with which every host:port is TLS
  std::string tls_client_ca;               // PEM file: who signs clients' certificates
  std::string tls_client_certificates;     // none, optional or required; default: optional with tls_client_ca
  std::string worker_program;              // default: sumscope-worker beside this program
  std::vector<workers::SlotConfig> slots;  // default: devices::ChooseSlots
  std::string slots_reason;                // why these, for people
  double resume_interval_seconds = 60;
  uint64_t capture_limit_bytes = uint64_t{20} << 30;  // that stored activations may take on disk together
  // How the box is shared: see SharePolicyOf.
  double slice_minutes = 30;
  double half_life_hours = 24;
  double low_charge = 0.5;
  double quick_seconds = 10;
  std::vector<std::string> shares, limits;
  // What others do on this machine's devices.
  uint64_t foreign_memory_mib = 512;
  bool yield_to_foreign = false;
  uint64_t slots_per_gpu = 1;                      // by default
  std::string nvml_library = "libnvidia-ml.so.1";  // "": none
  LogOptions log;                                  // log_level, log_format

  // Limits of one user, and of one IP address.
  double user_calls_per_second = limits::kUserCallsPerSecond;
  uint64_t user_call_burst = static_cast<uint64_t>(limits::kUserCallBurst);
  uint64_t user_streams = limits::kMaxUserStreams;
  uint64_t user_uploads = limits::kMaxUserUploads;
  uint64_t user_connections = limits::kMaxUserConnections;
  uint64_t address_connections = limits::kMaxAddressConnections;

  // Whether host:port is TLS.
  bool has_tls() const { return !tls_certificate.empty(); }
};

// Every key of sumscoped.toml.
std::vector<std::string> ConfigKeys();

// INVALID_ARGUMENT CONFIG_INVALID.
absl::Status InvalidConfig(const std::string& message);

// Merges the keys of a TOML text into `config`. INVALID_ARGUMENT CONFIG_INVALID naming file, line and the key.
absl::Status ReadConfigText(absl::string_view text, const std::string& file, ServerConfig* config);

// "cpu0:cpu:2" or "gpu0:cuda:0:4": name, device, threads. INVALID_ARGUMENT CONFIG_INVALID.
absl::Status AddSlot(absl::string_view text, ServerConfig* config);

// Checks what is complete: at least one slot, distinct names, addresses that may be listened on (TCP with TLS, or on
// loopback and with insecure_loopback), keys of TLS that go together, a group that exists, limits, how the box is
// shared, the log's options; not what TLS files hold. INVALID_ARGUMENT CONFIG_INVALID, FAILED_PRECONDITION
// PLAINTEXT_REFUSED.
absl::Status ValidateConfig(const ServerConfig& config);

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_CONFIG_H_

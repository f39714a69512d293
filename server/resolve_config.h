#ifndef SUMSCOPE_SERVER_RESOLVE_CONFIG_H_
#define SUMSCOPE_SERVER_RESOLVE_CONFIG_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"
#include "server/devices/default_slots.h"
#include "server/devices/machine.h"

namespace sumscope {

// The flags as given; empty where the file, the environment or a default decides.
struct Flags {
  std::optional<std::string> config_file, data_directory, worker_program, log_level, log_format;
  std::optional<std::string> socket_group, tls_certificate, tls_key, tls_client_ca, tls_client_certificates;
  std::optional<std::string> nvml_library;
  std::vector<std::string> listen, slots, shares, limits;
  bool insecure_loopback = false, yield_to_foreign = false;
  std::optional<double> resume_interval_seconds;
  std::optional<double> user_calls_per_second, slice_minutes, half_life_hours, low_charge, quick_seconds;
  // Signed: CLI11 would wrap a negative number.
  std::optional<int64_t> capture_limit_bytes, user_call_burst, user_streams, user_uploads, user_connections,
      address_connections, foreign_memory_mib, slots_per_gpu;
};

// What defaults are made of; read in main.cc only. Empty where unset.
struct Surroundings {
  std::string home;  // HomeDirectory()
  std::string xdg_config_home, xdg_data_home, xdg_runtime_dir;
  std::string data_directory;  // SUMSCOPE_DATA_DIRECTORY
  std::string working_directory;
  std::string program_folder;  // where sumscoped lies
  devices::Machine machine;
  // The GPUs that NVML's library of that name sees; asked where no slot is configured. Null: the worker has no CUDA.
  std::function<std::vector<devices::FoundGpu>(const std::string& nvml_library)> find_gpus;
};

// The configuration of flags over environment over file over defaults, complete and checked. Makes the folders of
// default sockets, nothing else. INVALID_ARGUMENT CONFIG_NOT_FOUND, CONFIG_INVALID, WORKER_PROGRAM_MISSING; the errors
// of ValidateConfig and, where no address is given, of SocketPlace::Claim.
absl::StatusOr<ServerConfig> ResolveConfig(const Flags& flags, const Surroundings& surroundings);

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_RESOLVE_CONFIG_H_

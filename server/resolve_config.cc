#include "server/resolve_config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/default_socket.h"
#include "proto/contract/process/trusted_file.h"
#include "server/host/private_modes.h"
#include "server/host/socket_place.h"

namespace sumscope {
namespace {

bool IsRegularFile(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

absl::Status ReadConfigFile(const std::string& path, ServerConfig* config) {
  // Looked at before it is opened: a pipe without a writer would hold this for ever.
  std::ifstream file;
  if (IsRegularFile(path)) file.open(path);
  if (!file.is_open()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_NOT_FOUND",
                     absl::StrCat("cannot read the configuration file ", path));
  }
  if (const std::string who = WhoElseWrites(path); !who.empty()) {
    return MakeError(absl::StatusCode::kPermissionDenied, "CONFIG_OPEN_TO_OTHERS",
                     absl::StrCat("the configuration file ", path, " is ", who,
                                  ", and says what the server runs and whom it lets in: look at what it holds, give it "
                                  "to the server's account or root and chmod go-w it"));
  }
  std::stringstream text;
  text << file.rdbuf();
  return ReadConfigText(text.str(), path, config);
}

// `variable` where it is set to an absolute path, else `under_home` below the home; "" without a home.
std::string Folder(const std::string& variable, const std::string& home, const char* under_home) {
  if (absl::StartsWith(variable, "/")) return variable;
  return home.empty() ? "" : home + under_home;
}

absl::Status ReadFiles(const Flags& flags, const Surroundings& surroundings, ServerConfig* config) {
  if (flags.config_file.has_value()) return ReadConfigFile(*flags.config_file, config);
  const std::string folder = Folder(surroundings.xdg_config_home, surroundings.home, "/.config");
  if (folder.empty()) return absl::OkStatus();
  const std::string path = folder + "/sumscope/sumscoped.toml";
  if (access(path.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) return absl::OkStatus();
  return ReadConfigFile(path, config);
}

absl::Status TakeCount(const std::optional<int64_t>& given, const char* flag, uint64_t* out) {
  if (!given.has_value()) return absl::OkStatus();
  if (*given < 0) return InvalidConfig(absl::StrCat(flag, " is ", *given, "; expected 0 or more"));
  *out = static_cast<uint64_t>(*given);
  return absl::OkStatus();
}

absl::Status TakeCounts(const Flags& flags, ServerConfig* config) {
  SUMSCOPE_RETURN_IF_ERROR(TakeCount(flags.capture_limit_bytes, "--capture-limit-bytes", &config->capture_limit_bytes));
  SUMSCOPE_RETURN_IF_ERROR(TakeCount(flags.user_call_burst, "--user-call-burst", &config->user_call_burst));
  SUMSCOPE_RETURN_IF_ERROR(TakeCount(flags.user_streams, "--user-streams", &config->user_streams));
  SUMSCOPE_RETURN_IF_ERROR(TakeCount(flags.user_uploads, "--user-uploads", &config->user_uploads));
  SUMSCOPE_RETURN_IF_ERROR(TakeCount(flags.user_connections, "--user-connections", &config->user_connections));
  SUMSCOPE_RETURN_IF_ERROR(TakeCount(flags.foreign_memory_mib, "--foreign-memory-mib", &config->foreign_memory_mib));
  SUMSCOPE_RETURN_IF_ERROR(TakeCount(flags.slots_per_gpu, "--slots-per-gpu", &config->slots_per_gpu));
  return TakeCount(flags.address_connections, "--address-connections", &config->address_connections);
}

void TakeQueue(const Flags& flags, ServerConfig* config) {
  if (flags.slice_minutes.has_value()) config->slice_minutes = *flags.slice_minutes;
  if (flags.half_life_hours.has_value()) config->half_life_hours = *flags.half_life_hours;
  if (flags.low_charge.has_value()) config->low_charge = *flags.low_charge;
  if (flags.quick_seconds.has_value()) config->quick_seconds = *flags.quick_seconds;
  if (!flags.shares.empty()) config->shares = flags.shares;
  if (!flags.limits.empty()) config->limits = flags.limits;
  if (flags.yield_to_foreign) config->yield_to_foreign = true;
  if (flags.nvml_library.has_value()) config->nvml_library = *flags.nvml_library;
}

void TakeWaysIn(const Flags& flags, ServerConfig* config) {
  if (!flags.listen.empty()) config->listen = flags.listen;
  if (flags.insecure_loopback) config->insecure_loopback = true;
  if (flags.socket_group.has_value()) config->socket_group = *flags.socket_group;
  if (flags.tls_certificate.has_value()) config->tls_certificate = *flags.tls_certificate;
  if (flags.tls_key.has_value()) config->tls_key = *flags.tls_key;
  if (flags.tls_client_ca.has_value()) config->tls_client_ca = *flags.tls_client_ca;
  if (flags.tls_client_certificates.has_value()) config->tls_client_certificates = *flags.tls_client_certificates;
}

absl::Status TakeFlags(const Flags& flags, ServerConfig* config) {
  if (flags.data_directory.has_value()) {
    // An unset variable in a script must not mean another directory.
    if (flags.data_directory->empty()) return InvalidConfig("--data-directory is empty");
    config->data_directory = *flags.data_directory;
  }
  if (flags.worker_program.has_value()) config->worker_program = *flags.worker_program;
  if (flags.log_level.has_value()) config->log.level = *flags.log_level;
  if (flags.log_format.has_value()) config->log.format = *flags.log_format;
  TakeWaysIn(flags, config);
  TakeQueue(flags, config);
  if (flags.user_calls_per_second.has_value()) config->user_calls_per_second = *flags.user_calls_per_second;
  if (flags.resume_interval_seconds.has_value()) config->resume_interval_seconds = *flags.resume_interval_seconds;
  SUMSCOPE_RETURN_IF_ERROR(TakeCounts(flags, config));
  if (!flags.slots.empty()) config->slots.clear();
  for (const std::string& slot : flags.slots) SUMSCOPE_RETURN_IF_ERROR(AddSlot(slot, config));
  return absl::OkStatus();
}

absl::Status MakeAbsolute(const Surroundings& surroundings, const char* what, std::string* path) {
  if (absl::StartsWith(*path, "/")) return absl::OkStatus();
  if (surroundings.working_directory.empty()) {
    return InvalidConfig(absl::StrCat(what, " ", *path, " is relative to a working directory that is gone"));
  }
  *path = absl::StrCat(surroundings.working_directory, "/", *path);
  return absl::OkStatus();
}

absl::Status PlaceData(const Surroundings& surroundings, ServerConfig* config) {
  if (config->data_directory.empty()) {
    const std::string folder = Folder(surroundings.xdg_data_home, surroundings.home, "/.local/share");
    if (folder.empty()) return InvalidConfig("there is no home directory; say where data goes with --data-directory");
    config->data_directory = folder + "/sumscope";
  }
  return MakeAbsolute(surroundings, "--data-directory", &config->data_directory);
}

// An empty path is none.
absl::Status PlaceTlsFiles(const Surroundings& surroundings, ServerConfig* config) {
  for (const auto& [what, path] :
       {std::make_pair("--tls-certificate", &config->tls_certificate), std::make_pair("--tls-key", &config->tls_key),
        std::make_pair("--tls-client-ca", &config->tls_client_ca)}) {
    if (!path->empty()) SUMSCOPE_RETURN_IF_ERROR(MakeAbsolute(surroundings, what, path));
  }
  return absl::OkStatus();
}

absl::Status FindWorker(const Surroundings& surroundings, ServerConfig* config) {
  if (config->worker_program.empty()) config->worker_program = surroundings.program_folder + "/sumscope-worker";
  SUMSCOPE_RETURN_IF_ERROR(MakeAbsolute(surroundings, "--worker-program", &config->worker_program));
  std::string why;
  if (access(config->worker_program.c_str(), X_OK) != 0) {
    why = std::strerror(errno);
  } else if (!IsRegularFile(config->worker_program)) {
    why = "it is no file";
  }
  if (why.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "WORKER_PROGRAM_MISSING",
                   absl::StrCat("cannot run ", config->worker_program, ": ", why,
                                "; give the path of sumscope-worker with --worker-program"));
}

void ChooseSlots(const Surroundings& surroundings, ServerConfig* config) {
  if (!config->slots.empty()) {
    config->slots_reason = "as configured";
    return;
  }
  std::vector<devices::FoundGpu> gpus;
  if (surroundings.find_gpus != nullptr && !config->nvml_library.empty()) {
    gpus = surroundings.find_gpus(config->nvml_library);
  }
  const devices::SlotChoice choice = devices::ChooseSlots(surroundings.machine, gpus, config->slots_per_gpu);
  for (const devices::ProposedSlot& slot : choice.slots) {
    workers::SlotConfig& added = config->slots.emplace_back();
    added.name = slot.name;
    added.device = slot.device;
    added.threads = slot.threads;
  }
  config->slots_reason = choice.reason;
}

// The first default socket that can be made here, and the one in the home beside it (default_socket.h).
absl::StatusOr<std::vector<std::string>> DefaultListenAddresses(const Surroundings& surroundings) {
  const std::vector<std::string> paths = DefaultSocketPaths({surroundings.xdg_runtime_dir, surroundings.home});
  std::vector<std::string> addresses;
  absl::Status last;
  for (const std::string& path : paths) {
    const bool at_home = !surroundings.home.empty() && path == paths.back();
    if (!addresses.empty() && !at_home) continue;
    // Folders of our own are made; a runtime directory that is not there belongs to nobody who is logged in.
    const std::string folder = path.substr(0, path.rfind('/'));
    last = absl::EndsWith(folder, "/sumscope") ? host::MakePrivateFolder(folder) : absl::OkStatus();
    if (last.ok()) last = host::SocketPlace::Claim(path).status();
    // A server that already lives there is an answer, not a reason to hide in another place.
    if (absl::IsAlreadyExists(last) && ErrorReason(last) == "SOCKET_IN_USE") return last;
    if (last.ok()) addresses.push_back("unix:" + path);
  }
  if (!addresses.empty()) return addresses;
  return MakeError(absl::StatusCode::kFailedPrecondition, "SOCKET_NOT_POSSIBLE",
                   absl::StrCat("no default socket can be made (", last.message(), "); give one with --listen"));
}

}  // namespace

absl::StatusOr<ServerConfig> ResolveConfig(const Flags& flags, const Surroundings& surroundings) {
  ServerConfig config;
  SUMSCOPE_RETURN_IF_ERROR(ReadFiles(flags, surroundings, &config));
  if (!surroundings.data_directory.empty()) config.data_directory = surroundings.data_directory;
  SUMSCOPE_RETURN_IF_ERROR(TakeFlags(flags, &config));
  SUMSCOPE_RETURN_IF_ERROR(PlaceData(surroundings, &config));
  SUMSCOPE_RETURN_IF_ERROR(PlaceTlsFiles(surroundings, &config));
  SUMSCOPE_RETURN_IF_ERROR(FindWorker(surroundings, &config));
  ChooseSlots(surroundings, &config);
  SUMSCOPE_RETURN_IF_ERROR(ValidateConfig(config));
  if (config.listen.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(config.listen, DefaultListenAddresses(surroundings));
  }
  return config;
}

}  // namespace sumscope

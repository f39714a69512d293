#include "server/command_line.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/terminal_text.h"
#include "proto/contract/version.h"

namespace sumscope {
namespace {

std::string Wrapped(const std::string& text, int width) {
  return width <= 0 ? text : absl::StrJoin(WrapWords(text, width), "\n");
}

// Help in `width` columns.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(int width) : width_(width) {
    if (width > 0) column_width(std::min(get_column_width(), static_cast<size_t>(width) / 3));
  }

  std::string make_description(const CLI::App* app) const override {
    return Wrapped(CLI::Formatter::make_description(app), width_);
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    return Wrapped(CLI::Formatter::make_option_desc(option), width_ - static_cast<int>(get_column_width()));
  }

 private:
  const int width_;
};

// The parser's own message has the value as it came.
template <typename Number>
CLI::Validator Checked(bool (*parse)(absl::string_view, Number*), const char* expected) {
  const auto check = [parse, expected](const std::string& value) {
    Number number;
    return parse(value, &number) ? "" : absl::StrCat("takes ", expected, ", not ", Quote(value));
  };
  return CLI::Validator(check, "");
}

void AddUserLimits(CLI::App* app, Flags* flags) {
  const auto count = Checked<int64_t>(absl::SimpleAtoi<int64_t>, "a whole number");
  app->add_option("--user-calls-per-second", flags->user_calls_per_second,
                  absl::StrCat("of one user, in the long run (default ", limits::kUserCallsPerSecond, ")"))
      ->check(Checked<double>(absl::SimpleAtod, "a number"));
  app->add_option("--user-call-burst", flags->user_call_burst,
                  absl::StrCat("calls of one user at once, after a silence (default ", limits::kUserCallBurst, ")"))
      ->check(count);
  app->add_option("--user-streams", flags->user_streams,
                  absl::StrCat("watches and downloads of one user at once (default ", limits::kMaxUserStreams, ")"))
      ->check(count);
  app->add_option("--user-uploads", flags->user_uploads,
                  absl::StrCat("uploads of one user at once (default ", limits::kMaxUserUploads, ")"))
      ->check(count);
  app->add_option("--user-connections", flags->user_connections,
                  absl::StrCat("of one account, on Unix sockets (default ", limits::kMaxUserConnections, ")"))
      ->check(count);
  app->add_option("--address-connections", flags->address_connections,
                  absl::StrCat("of one IP address (default ", limits::kMaxAddressConnections, ")"))
      ->check(count);
}

void AddQueue(CLI::App* app, Flags* flags) {
  const auto number = Checked<double>(absl::SimpleAtod, "a number");
  const auto count = Checked<int64_t>(absl::SimpleAtoi<int64_t>, "a whole number");
  app->add_option("--slice-minutes", flags->slice_minutes,
                  "that a training keeps its slot while others with less usage wait (default 30)")
      ->check(number);
  app->add_option("--half-life-hours", flags->half_life_hours, "of what a user has had of the devices (default 24)")
      ->check(number);
  app->add_option("--low-charge", flags->low_charge, "of a device-second of priority low, 0 to 1 (default 0.5)")
      ->check(number);
  app->add_option("--quick-seconds", flags->quick_seconds,
                  "analyses expected to be shorter never wait behind a training (default 10)")
      ->check(number);
  app->add_option("--share,--shares", flags->shares, "USER=WEIGHT, may be repeated (default: 1 each)");
  app->add_option("--limit,--limits", flags->limits,
                  "ROLE or USER:running=N,waiting=N,high=N, may be repeated (default: none)")
      ->allow_extra_args(false);
  app->add_option("--foreign-memory-mib", flags->foreign_memory_mib,
                  "that others may hold of a GPU before nothing is started on it (default 512)")
      ->check(count);
  app->add_flag("--yield-to-foreign", flags->yield_to_foreign, "a training gives way to others who come to its GPU")
      ->disable_flag_override();
  app->add_option("--slots-per-gpu", flags->slots_per_gpu, "where no slots are given (default 1)")->check(count);
  app->add_option("--nvml-library", flags->nvml_library,
                  "by which GPUs are looked at; empty for none (default libnvidia-ml.so.1)");
}

void AddOptions(CLI::App* app, Flags* flags) {
  app->add_option("--config", flags->config_file, "configuration file (default ~/.config/sumscope/sumscoped.toml)");
  app->add_option("--data-directory", flags->data_directory, "where runs are kept (default ~/.local/share/sumscope)");
  app->add_option("--listen", flags->listen, "unix:/path or host:port, may be repeated (default: the local socket)");
  app->add_flag("--insecure-loopback", flags->insecure_loopback, "allow host:port without TLS, on loopback only")
      ->disable_flag_override();
  app->add_option("--socket-group", flags->socket_group,
                  "group that may use Unix sockets once there are users (default: the server's account alone)");
  app->add_option("--tls-certificate", flags->tls_certificate,
                  "PEM file of the server's certificate and its chain: host:port has TLS then");
  app->add_option("--tls-key", flags->tls_key, "PEM file of its key, which nobody else may read");
  app->add_option("--tls-client-ca", flags->tls_client_ca,
                  "PEM file of the authority whose certificates name users (default: none does)");
  app->add_option("--tls-client-certificates", flags->tls_client_certificates,
                  "whether clients need one: none, optional (default with --tls-client-ca) or required");
  app->add_option("--worker-program", flags->worker_program, "path of sumscope-worker (default: beside this program)");
  app->add_option(
      "--slot,--slots", flags->slots,
      "NAME:DEVICE:THREADS, may be repeated (default: one a GPU, or one of one thread per core, at most 8)");
  app->add_option("--resume-interval-seconds", flags->resume_interval_seconds,
                  "work at risk when a worker dies, at most 60 (default 60)")
      ->check(Checked<double>(absl::SimpleAtod, "a number"));
  app->add_option("--capture-limit-bytes", flags->capture_limit_bytes,
                  "disk that all stored activations may take (default 20 GiB)")
      ->check(Checked<int64_t>(absl::SimpleAtoi<int64_t>, "a whole number"));
  AddQueue(app, flags);
  AddUserLimits(app, flags);
  app->add_option("--log-level", flags->log_level,
                  "the least that the log says: trace, debug, info (default), warning or error");
  app->add_option("--log-format", flags->log_format, "of the log on standard error: text (default) or json");
}

// What was wrong, in the client's form.
std::string UsageMessage(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining();
  if (unknown.empty()) return error.what();
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return absl::StrCat("sumscoped does not know ", UnknownWord(unknown.front(), Nearest(unknown.front(), names)));
}

}  // namespace

std::optional<int> ParseCommandLine(int argc, const char* const* argv, const Console& console, Flags* flags) {
  constexpr int kUsage = 2;
  CLI::App app("sumscoped: trains small transformers on arithmetic, takes them apart, keeps every run", "sumscoped");
  app.formatter(std::make_shared<HelpFormatter>(console.out_columns));
  app.set_version_flag("--version", absl::StrCat("sumscoped ", kVersion, " (", kGitHash, ")"));
  AddOptions(&app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, *console.out, *console.err);  // --help, --version
    *console.err << Wrapped(absl::StrCat("error: ", EscapeText(UsageMessage(app, error))), console.err_columns)
                 << "\nTry: sumscoped --help" << std::endl;
    return kUsage;
  }
  return std::nullopt;
}

}  // namespace sumscope

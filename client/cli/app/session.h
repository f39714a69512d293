#ifndef SUMSCOPE_CLIENT_CLI_APP_SESSION_H_
#define SUMSCOPE_CLIENT_CLI_APP_SESSION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/base/backoff.h"
#include "client/base/cancellation.h"
#include "client/cli/app/config.h"
#include "client/cli/app/environment.h"
#include "client/cli/output/json.h"
#include "client/cli/output/sink.h"
#include "client/cli/output/table.h"
#include "client/cli/output/terminal.h"
#include "client/connection/connection.h"
#include "proto/contract/base/clock.h"

namespace sumscope::client {

enum class Format { kTable, kWide, kJson, kJsonl, kCsv, kId };

// What the flags of one command say about its output.
struct OutputFlags {
  std::string format;  // "" where nobody says
  std::string file;
  bool no_headers = false;
  bool quiet = false;
};

// What the world gives to a command; everything outlives it.
struct Dependencies {
  Terminal* terminal;
  Clock* clock;
  Sleeper* sleeper;
  Cancellation* cancellation;
};

// What a command shows, in every format.
struct Document {
  nlohmann::ordered_json json;                // -o json
  std::vector<nlohmann::ordered_json> items;  // -o jsonl, one a line
  std::vector<std::string> ids;               // -o id, --quiet
  std::string csv;                            // -o csv
  std::string table, wide;                    // for people
  std::string nothing;                        // of no rows: what to do, for who reads a table on a terminal
  std::string footnote;                       // under a table, for who reads it on a terminal
  bool explains_itself = false;               // its words are not of the glossary, or are it
};

// Where the server is that `settings` name, or the local one, and with what it is reached. Errors of FindLocalServer,
// CheckServer and ParseTimeout.
absl::StatusOr<ConnectionOptions> FindServer(const Settings& settings, const Environment& environment);

// The surroundings of one command: settings, connection, output. Confined to one thread.
class Session {
 public:
  Session(Settings flags, OutputFlags output, const Environment& environment, const Dependencies& dependencies);

  // Settles the settings; call first. Errors of ResolveSettings, INVALID_ARGUMENT OUTPUT_FORMAT_INVALID.
  absl::Status Start(ConfigUse use);

  // Connects once. Errors of FindServer; UNAUTHENTICATED TOKEN_FILE_GONE where the configuration names a token's file
  // that is not there.
  absl::StatusOr<Connection*> Connect();

  // For commands that are about settings themselves: those that count, and those of the command line.
  const Settings& settings() const { return settings_; }
  const Settings& flags() const { return flags_; }
  const Environment& environment() const { return environment_; }

  Terminal& terminal() { return *dependencies_.terminal; }
  Clock& clock() { return *dependencies_.clock; }
  Sleeper* sleeper() { return dependencies_.sleeper; }
  Cancellation* cancellation() { return dependencies_.cancellation; }
  bool interrupted() const { return dependencies_.cancellation->cancelled(); }
  Format format() const { return format_; }
  // Somebody asked for a format: a flag, the environment or the file.
  bool format_given() const { return !settings_.output.empty() || output_.quiet; }
  const OutputFlags& output() const { return output_; }

  // A line on stderr for people, wrapped at its words on a terminal; nothing with --quiet.
  void Note(absl::string_view text);

  // Columns that tables may take; 0, unlimited, for what goes to a file or a pipe.
  int width() const { return output_.file.empty() ? dependencies_.terminal->ColumnsOfOut() : 0; }
  // Where data goes: --out or stdout.
  absl::StatusOr<std::unique_ptr<Sink>> OpenSink();
  // Where bytes that no person reads go: INVALID_ARGUMENT USAGE where that would be a terminal.
  absl::StatusOr<std::unique_ptr<Sink>> OpenSinkForBytes(absl::string_view example);
  absl::Status Print(const Document& document);
  // `table` in the format's columns.
  Document FromTable(const Table& table) const;

 private:
  absl::Status CheckToken() const;
  // On a terminal: no line wider than it, and where its words are explained.
  std::string ForPeople(const std::string& text, const Document& document) const;

  const Settings flags_;
  Settings settings_;
  const OutputFlags output_;
  const Environment environment_;
  const Dependencies dependencies_;
  Format format_ = Format::kTable;
  std::unique_ptr<Connection> connection_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_SESSION_H_

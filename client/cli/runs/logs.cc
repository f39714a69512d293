// sumscope runs logs
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/numbers.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

struct RunsLogsOptions {
  std::string run;
  uint64_t after = 0;
  bool follow = false;
};

std::string LineText(const v1::LogLine& line, Format format) {
  switch (format) {
    case Format::kJson:
      return std::string(absl::StripSuffix(JsonText(ToJson(line), /*indented=*/false), "\n"));
    case Format::kJsonl:
      return JsonText(ToJson(line), /*indented=*/false);
    case Format::kCsv:
      return absl::StrCat(line.sequence(), ",", FormatTime(line.time()), ",", CsvCell(EscapeText(line.severity())), ",",
                          CsvCell(EscapeText(line.text())), "\n");
    case Format::kId:
      return absl::StrCat(line.sequence(), "\n");
    default:
      return absl::StrCat(FormatTime(line.time()), "  ", EscapeText(line.severity()), "  ",
                          EscapeText(absl::StripTrailingAsciiWhitespace(line.text())), "\n");
  }
}

// Prints each line once, in order; of -o json the members of one array, as they come.
class LogPrinter {
 public:
  LogPrinter(Session& session, Sink* sink, uint64_t after)
      : format_(session.format()), width_(ForPeople(session) ? session.width() : 0), sink_(sink), last_(after) {}

  absl::Status Print(const v1::LogLine& line) {
    if (line.sequence() <= last_) return absl::OkStatus();
    last_ = line.sequence();
    const absl::string_view before = format_ != Format::kJson ? "" : started_ ? ",\n " : "[\n ";
    started_ = true;
    return sink_->Write(absl::StrCat(before, FitLines(LineText(line, format_), width_)));
  }
  // After the last line, or behind an error: what was written is a document then, too.
  absl::Status End() {
    if (format_ != Format::kJson) return absl::OkStatus();
    return sink_->Write(started_ ? "\n]\n" : "[]\n");
  }
  uint64_t last() const { return last_; }

 private:
  static bool ForPeople(const Session& session) {
    return session.format() == Format::kTable || session.format() == Format::kWide;
  }

  const Format format_;
  const int width_;
  Sink* const sink_;
  uint64_t last_;
  bool started_ = false;
};

// The lines that there are and, where asked, those to come.
absl::Status PrintLines(const RunsLogsOptions& options, const std::string& run, Session& session,
                        Connection& connection, LogPrinter* printer) {
  v1::ListLogsRequest request;
  request.set_name(run);
  v1::ListLogsResponse page;
  do {
    request.set_after_sequence(printer->last());
    SUMSCOPE_ASSIGN_OR_RETURN(page, connection.Call(request));
    for (const v1::LogLine& line : page.lines()) SUMSCOPE_RETURN_IF_ERROR(printer->Print(line));
  } while (page.more() && page.lines_size() > 0);
  if (!options.follow) return absl::OkStatus();
  const auto print = [&](const v1::WatchRunResponse& event) -> absl::Status {
    if (!event.has_log()) return absl::OkStatus();
    SUMSCOPE_RETURN_IF_ERROR(printer->Print(event.log()));
    if (session.output().file.empty()) session.terminal().out->flush();
    return absl::OkStatus();
  };
  return connection.WatchRun(run, print).status();
}

absl::StatusOr<ExitCode> Logs(const RunsLogsOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(options.run));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->GetRun(name));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSink());
  if (session.format() == Format::kCsv && !session.output().no_headers) {
    SUMSCOPE_RETURN_IF_ERROR(sink->Write("sequence,time,severity,text\n"));
  }
  LogPrinter printer(session, sink.get(), options.after);
  absl::Status printed = PrintLines(options, run.name(), session, *connection, &printer);
  printed.Update(printer.End());
  SUMSCOPE_RETURN_IF_ERROR(printed);
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  return ExitCode::kDone;
}

}  // namespace

void AddRunsLogs(Registry* registry, Command runs) {
  const auto options = std::make_shared<RunsLogsOptions>();
  const Command command = registry->Add(runs, "logs", "Print a run's log");
  AddRunArgument(command, &options->run);
  command.AddFlag("-f,--follow", &options->follow, "go on until the run has ended");
  command.AddUnsigned("--after", &options->after, "only lines after this sequence number");
  registry->Run(command, [options](Session& session) { return Logs(*options, session); });
}

}  // namespace sumscope::client

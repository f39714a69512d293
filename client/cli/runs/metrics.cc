// sumscope runs metrics: every step's metrics, one row each.
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/runs/metric_rows.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

struct RunsMetricsOptions {
  std::string run;
  uint64_t first_step = 0;
  bool timing = false, follow = false;
};

// The timing rows of the same steps, as far as they are stored.
absl::StatusOr<v1::MetricBlock> TimingOf(Connection& connection, const std::string& name,
                                         const v1::MetricBlock& block) {
  v1::ListMetricsRequest request;
  request.set_name(name);
  request.set_series(v1::TIMING);
  request.set_first_step(block.first_step());
  request.set_page_size(std::min(block.count(), limits::kMaxMetricPage));
  SUMSCOPE_ASSIGN_OR_RETURN(v1::ListMetricsResponse response, connection.Call(request));
  if (response.block().columns().empty()) response.mutable_block()->add_columns("steps_per_second");
  return response.block();
}

// What the series' columns are called where no row said so.
absl::StatusOr<std::vector<std::string>> ColumnsOf(Connection& connection, const std::string& name, bool timing) {
  v1::ListMetricsRequest request;
  request.set_name(name);
  request.set_series(v1::DETERMINISTIC);
  request.set_page_size(1);
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListMetricsResponse response, connection.Call(request));
  std::vector<std::string> columns(response.block().columns().begin(), response.block().columns().end());
  if (columns.empty()) columns = {"loss"};  // what every training has; the others depend on it
  if (timing) columns.push_back("steps_per_second");
  return columns;
}

// The rows that there are and, where asked, those to come; where there is none the header alone.
absl::Status PrintRows(const RunsMetricsOptions& options, const std::string& run, Session& session,
                       Connection& connection, Sink* sink, MetricRows* rows) {
  v1::StreamMetricsRequest request;
  request.set_name(run);
  request.set_series(v1::DETERMINISTIC);
  request.set_first_step(options.first_step);
  request.set_follow(options.follow);
  const auto print = [&](const v1::MetricBlock& block) -> absl::Status {
    v1::MetricBlock timing;
    if (options.timing) {
      SUMSCOPE_ASSIGN_OR_RETURN(timing, TimingOf(connection, run, block));
    }
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string text, rows->Add(block, options.timing ? &timing : nullptr));
    SUMSCOPE_RETURN_IF_ERROR(sink->Write(text));
    if (options.follow && session.output().file.empty()) session.terminal().out->flush();
    return absl::OkStatus();
  };
  SUMSCOPE_RETURN_IF_ERROR(connection.StreamMetrics(request, print));
  if (rows->started()) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const auto columns, ColumnsOf(connection, run, options.timing));
  return sink->Write(rows->HeaderAlone(columns));
}

absl::StatusOr<ExitCode> Metrics(const RunsMetricsOptions& options, Session& session) {
  const Format format = session.format_given() ? session.format() : Format::kCsv;
  if (format == Format::kId)
    return InvalidField("OUTPUT_FORMAT_INVALID", "output", "metrics have no ids: use csv or jsonl");
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(options.run));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->GetRun(name));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSink());
  MetricRows rows(format, !session.output().no_headers, session.width());
  absl::Status printed = PrintRows(options, run.name(), session, *connection, sink.get(), &rows);
  printed.Update(sink->Write(FitLines(rows.End(), session.width())));  // behind an error, too: it ends the document
  SUMSCOPE_RETURN_IF_ERROR(printed);
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  if (run.imported()) session.Note(absl::StrCat(RunIdOf(run.name()), " was imported: it has no metrics."));
  return ExitCode::kDone;
}

}  // namespace

void AddRunsMetrics(Registry* registry, Command runs) {
  const auto options = std::make_shared<RunsMetricsOptions>();
  const Command command = registry->Add(
      runs, "metrics", "Print every step's loss, digit losses and cells, as csv (default), jsonl, json or table");
  command.Describe("--output", "csv (default), jsonl, json or table");
  AddRunArgument(command, &options->run);
  command.AddUnsigned("--first-step", &options->first_step, "leave out the steps before N");
  command.AddFlag("--timing", &options->timing, "add steps per second, which differs from training to training");
  command.AddFlag("-f,--follow", &options->follow, "go on until the run has ended");
  registry->Run(command, [options](Session& session) { return Metrics(*options, session); });
}

}  // namespace sumscope::client

#include "client/cli/app/session.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/glossary/words.h"
#include "client/cli/output/hide_secrets.h"
#include "client/connection/ways/address.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/default_socket.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

absl::StatusOr<Format> ParseFormat(const std::string& name) {
  static constexpr std::pair<absl::string_view, Format> kFormats[] = {
      {"table", Format::kTable}, {"wide", Format::kWide}, {"json", Format::kJson},
      {"jsonl", Format::kJsonl}, {"csv", Format::kCsv},   {"id", Format::kId}};
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
  }
  return InvalidField("OUTPUT_FORMAT_INVALID", "output",
                      absl::StrCat(Quote(name), " is no output; expected table, wide, json, jsonl, csv or id"));
}

// `--out -` is the standard output, as without --out.
OutputFlags WithoutDash(OutputFlags output) {
  if (output.file == "-") output.file.clear();
  return output;
}

}  // namespace

absl::StatusOr<ConnectionOptions> FindServer(const Settings& settings, const Environment& environment) {
  ConnectionOptions options;
  SUMSCOPE_ASSIGN_OR_RETURN(options.timeout, ParseTimeout(settings.timeout));
  options.address = settings.server;
  options.credentials.ca = settings.ca;
  options.credentials.token_file = settings.token_file;
  options.credentials.certificate = settings.certificate;
  options.credentials.key = settings.key;
  const std::vector<std::string> ssh = absl::StrSplit(environment.ssh, ' ', absl::SkipWhitespace());
  if (!ssh.empty()) options.ssh = ssh;
  if (options.address.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(options.address,
                              FindLocalServer(DefaultSocketPaths({environment.xdg_runtime_dir, environment.home})));
  } else {
    SUMSCOPE_RETURN_IF_ERROR(CheckServer(options.address));
  }
  return options;
}

Session::Session(Settings flags, OutputFlags output, const Environment& environment, const Dependencies& dependencies)
    : flags_(flags),
      settings_(std::move(flags)),
      output_(WithoutDash(std::move(output))),
      environment_(environment),
      dependencies_(dependencies) {}

absl::Status Session::Start(ConfigUse use) {
  settings_.output = output_.format;
  SUMSCOPE_ASSIGN_OR_RETURN(settings_, ResolveSettings(settings_, environment_, use));
  if (!settings_.output.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(format_, ParseFormat(settings_.output));
  }
  if (output_.quiet && output_.format.empty()) format_ = Format::kId;
  return absl::OkStatus();
}

absl::Status Session::CheckToken() const {
  const std::string& token = settings_.token_file;
  const bool given = token.empty() || token == flags_.token_file || token == environment_.token_file;
  if (given || access(token.c_str(), F_OK) == 0 || errno != ENOENT) return absl::OkStatus();
  const std::string& context = settings_.context;
  return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_FILE_GONE",
                   context.empty()
                       ? absl::StrCat("the token that the configuration names is gone: there is no file ", token)
                       : absl::StrCat("the token of the context ", context, " is gone: there is no file ", token,
                                      ". sumscope login ", settings_.server, " --context ", context,
                                      " asks for one, sumscope context remove ", context, " takes the context away"));
}

absl::StatusOr<Connection*> Session::Connect() {
  if (connection_ != nullptr) return connection_.get();
  SUMSCOPE_RETURN_IF_ERROR(CheckToken());
  SUMSCOPE_ASSIGN_OR_RETURN(const ConnectionOptions options, FindServer(settings_, environment_));
  connection_ = std::make_unique<Connection>(options, dependencies_.sleeper, dependencies_.cancellation);
  return connection_.get();
}

void Session::Note(absl::string_view text) {
  if (!output_.quiet)
    *terminal().err << FitLines(HideSecrets(EscapeText(text)), terminal().ColumnsOfErr()) << std::endl;
}

absl::StatusOr<std::unique_ptr<Sink>> Session::OpenSink() {
  return output_.file.empty() ? MakeStreamSink(terminal().out) : MakeFileSink(output_.file, dependencies_.sleeper);
}

absl::StatusOr<std::unique_ptr<Sink>> Session::OpenSinkForBytes(absl::string_view example) {
  if (output_.file.empty() && terminal().out_is_terminal) {
    return InvalidField("USAGE", "out", absl::StrCat("a terminal is no place for bytes: give --out ", example));
  }
  return OpenSink();
}

absl::Status Session::Print(const Document& document) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, OpenSink());
  std::string text;
  switch (format_) {
    case Format::kTable:
      text = ForPeople(document.table, document);
      break;
    case Format::kWide:
      text = ForPeople(document.wide, document);
      break;
    case Format::kCsv:
      text = document.csv;
      break;
    case Format::kJson:
      text = JsonText(document.json, /*indented=*/true);
      break;
    case Format::kJsonl:
      for (const auto& item : document.items) absl::StrAppend(&text, JsonText(item, /*indented=*/false));
      break;
    case Format::kId:
      for (const std::string& id : document.ids) absl::StrAppend(&text, id, "\n");
      break;
  }
  SUMSCOPE_RETURN_IF_ERROR(sink->Write(text));
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  const bool table = format_ == Format::kTable || format_ == Format::kWide;
  for (const std::string& words : {document.footnote, document.nothing}) {
    if (table && width() > 0 && !words.empty()) Note(words);
  }
  return absl::OkStatus();
}

std::string Session::ForPeople(const std::string& text, const Document& document) const {
  if (width() == 0) return text;
  const std::string words = document.explains_itself ? "" : GlossaryLine(text);
  return FitLines(absl::StrCat(text, words.empty() ? "" : "\n", words), width());
}

Document Session::FromTable(const Table& table) const {
  Document document;
  document.table = table.Aligned(kInTable, !output_.no_headers, width());
  document.wide = table.Aligned(kInWide, !output_.no_headers, width());
  document.csv = table.Csv(!output_.no_headers);
  return document;
}

}  // namespace sumscope::client

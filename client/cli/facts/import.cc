// sumscope facts import: the authors' JSON, kept beside what our own analyses found.
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/ask_analysis.h"
#include "client/cli/facts/commands.h"
#include "client/files/input_file.h"
#include "client/files/readable_file.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/results/node_tags.h"

namespace sumscope::client {
namespace {

struct FactsImportOptions {
  std::string run, file;
};

constexpr size_t kMaxTextBytes = 256 << 20;  // far above what tags of one request can be written as

absl::Status TooLarge(absl::string_view what, size_t room) {
  return MakeError(absl::StatusCode::kResourceExhausted, "TAGS_TOO_LARGE",
                   absl::StrCat(what, " bytes, a request has room for ", room, "; import it in parts"));
}

absl::StatusOr<std::string> ReadText(const std::string& path, Session& session) {
  const InputPatience patience = {session.sleeper(), session.cancellation()};
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<InputFile> file, InputFile::Open(path, patience));
  std::string text;
  for (std::array<char, 1 << 16> buffer;;) {
    SUMSCOPE_ASSIGN_OR_RETURN(const size_t got, file->Read(buffer.data(), buffer.size()));
    if (got == 0) return text;
    text.append(buffer.data(), got);
    if (text.size() > kMaxTextBytes) {
      return TooLarge(absl::StrCat(path, " has over ", kMaxTextBytes), limits::kMaxMessageBytes);
    }
  }
}

absl::StatusOr<ExitCode> ImportFacts(const FactsImportOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointArgument checkpoint, CheckpointNameOf(options.run));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string text, ReadText(options.file, session));
  if (text.empty()) return NotReadable(options.file, "it is empty");
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<v1::NodeTag> tags, ParseNodeTagsJson(text));
  v1::CreateAnalysisRequest request;
  request.set_parent(checkpoint.last ? checkpoint.run : checkpoint.checkpoint);
  v1::ImportTagsRequest* const import = request.mutable_request()->mutable_import_tags();
  import->set_file_name(options.file.substr(options.file.rfind('/') + 1));
  for (const v1::NodeTag& tag : tags) *import->add_tags() = tag;
  constexpr size_t kRoom = limits::kMaxMessageBytes - (1 << 10);  // but for what the call adds
  if (request.ByteSizeLong() > kRoom) {
    return TooLarge(absl::StrCat(options.file, " has ", tags.size(), " tags of ", request.ByteSizeLong()), kRoom);
  }
  return AskAnalysis(session, std::move(request), Ask::kWait);
}

}  // namespace

void AddFactsImport(Registry* registry, Command facts) {
  const auto options = std::make_shared<FactsImportOptions>();
  const Command command = registry->Add(facts, "import", "Keep tags of the authors' JSON with a checkpoint");
  AddCheckpointArgument(command, &options->run).required();
  command.Add("FILE", &options->file, "behaviors.json or features.json").required();
  registry->Run(command, [options](Session& session) { return ImportFacts(*options, session); });
}

}  // namespace sumscope::client

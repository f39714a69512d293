// sumscope facts import: the authors' JSON, kept beside what our own analyses found.
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/ask_analysis.h"
#include "client/cli/facts/commands.h"
#include "client/readable_file.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/node_tags.h"

namespace sumscope::client {
namespace {

struct Options {
  std::string run, file;
};

absl::StatusOr<ExitCode> Import(const Options& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointArgument checkpoint, CheckpointNameOf(options.run));
  SUMSCOPE_RETURN_IF_ERROR(CheckReadable(options.file, Pipes::kAllowed));
  std::ifstream file(options.file, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return NotReadable(options.file, "it is empty or cannot be read");
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<v1::NodeTag> tags, ParseNodeTagsJson(text.str()));
  v1::CreateAnalysisRequest request;
  request.set_parent(checkpoint.last ? checkpoint.run : checkpoint.checkpoint);
  v1::ImportTagsRequest* const import = request.mutable_request()->mutable_import_tags();
  import->set_file_name(options.file.substr(options.file.rfind('/') + 1));
  for (const v1::NodeTag& tag : tags) *import->add_tags() = tag;
  constexpr size_t kRoom = 1 << 10;  // for what the call adds
  if (request.ByteSizeLong() > limits::kMaxMessageBytes - kRoom) {
    return MakeError(
        absl::StatusCode::kResourceExhausted, "TAGS_TOO_LARGE",
        absl::StrCat(options.file, " has ", tags.size(), " tags of ", request.ByteSizeLong(),
                     " bytes, a request has room for ", limits::kMaxMessageBytes - kRoom, "; import it in parts"));
  }
  return AskAnalysis(session, std::move(request), Ask::kWait);
}

}  // namespace

void AddFactsImport(Registry* registry, Command facts) {
  const auto options = std::make_shared<Options>();
  const Command command = registry->Add(facts, "import", "Keep tags of the authors' JSON with a checkpoint");
  AddCheckpointArgument(command, &options->run).required();
  command.Add("FILE", &options->file, "behaviors.json or features.json").required();
  registry->Run(command, [options](Session& session) { return Import(*options, session); });
}

}  // namespace sumscope::client

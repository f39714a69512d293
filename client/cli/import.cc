// sumscope import: a finished run from foreign weights.
#include <filesystem>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "client/cli/arguments/command.h"
#include "client/cli/arguments/names.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/runs/run_view.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/utf8.h"

namespace sumscope::client {
namespace {

struct ImportOptions {
  std::string file, operation, like, run_id;
  std::vector<std::string> labels;
  bool is_private = false;
};

// What the file is called; what comes from a pipe or a device has no name worth keeping.
std::string FileNameOf(const std::string& path) {
  const bool of_device = absl::StartsWith(path, "/dev/") && !absl::StartsWith(path, "/dev/shm/");  // files in memory
  if (path == "-" || of_device) return "";
  std::string name = ReplaceInvalidUtf8(std::filesystem::path(path).filename().string());
  for (char& c : name) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = '?';  // which no name that is kept may have
  }
  return name;
}

absl::StatusOr<ExitCode> ImportRun(const ImportOptions& options, Session& session) {
  v1::ImportHeader header;
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Operation operation, ParseOperation(options.operation));
  if (operation != v1::OPERATION_UNSPECIFIED) header.set_operation(operation);
  SUMSCOPE_ASSIGN_OR_RETURN(const auto labels, ParseLabels(options.labels));
  header.mutable_labels()->insert(labels.begin(), labels.end());
  header.set_like_model_name(options.like);
  header.set_run_id(options.run_id);
  if (options.is_private) header.set_visibility(v1::PRIVATE);
  header.set_file_name(FileNameOf(options.file));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->ImportRun(header, options.file));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowRun(session, run, session.clock().Now())));
  return ExitCode::kDone;
}

}  // namespace

void AddImport(Registry* registry, Command root) {
  const auto options = std::make_shared<ImportOptions>();
  const Command command = registry->Add(root, "import", "Make a finished run from a .safetensors file");
  command
      .Add("FILE", &options->file,
           "weights with TransformerLens names; shapes say what the model is; - for the standard input")
      .required();
  command.Add("--operation", &options->operation,
              "what it computes: add, sub, mul, mix or mas (default: what the file says, as our exports do, else that "
              "of --like, else add)");
  command.Add("--like", &options->like, "a model name that the shapes and the operation must agree with")
      .type_name("MODEL");
  command.Add("--run-id", &options->run_id, "the run's id (default: a random one)").type_name("ID");
  command.AddRepeated("--label", &options->labels, "a label to find the run by; may be repeated")
      .type_name("KEY=VALUE");
  command.AddFlag("--private", &options->is_private, kPrivateHelp);
  registry->Run(command, [options](Session& session) { return ImportRun(*options, session); });
}

}  // namespace sumscope::client

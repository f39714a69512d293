// sumscope runs export: a checkpoint as a .safetensors file that says where it comes from.
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/progress.h"
#include "client/cli/runs/commands.h"
#include "client/files/checkpoint_file.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

// The checkpoint that `argument` means, with its step, size and hash.
absl::StatusOr<v1::Checkpoint> FindCheckpoint(Connection& connection, const v1::Run& run,
                                              const CheckpointArgument& argument) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListCheckpointsResponse response, connection.ListCheckpoints(run.name()));
  const absl::string_view step = absl::string_view(argument.checkpoint).substr(argument.checkpoint.rfind('/') + 1);
  const v1::Checkpoint* last = nullptr;
  for (const v1::Checkpoint& checkpoint : response.checkpoints()) {
    if (argument.last ? last == nullptr || checkpoint.step() > last->step() : absl::StrCat(checkpoint.step()) == step) {
      last = &checkpoint;
    }
  }
  if (last != nullptr) return *last;
  if (argument.last) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_HAS_NO_CHECKPOINT",
                     absl::StrCat(run.name(), " has no checkpoint yet"));
  }
  return MakeError(absl::StatusCode::kNotFound, "CHECKPOINT_NOT_FOUND",
                   absl::StrCat(run.name(), " has no checkpoint at step ", step, "; see: sumscope runs checkpoints ",
                                RunIdOf(run.name())));
}

absl::StatusOr<ExitCode> ExportCheckpoint(const std::string& run_argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointArgument argument, CheckpointNameOf(run_argument));
  const std::string& path = session.output().file;
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->GetRun(argument.run));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Checkpoint checkpoint, FindCheckpoint(*connection, run, argument));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSinkForBytes("FILE.safetensors"));
  {
    Progress progress(&session.terminal(), &session.clock(), RunIdOf(run.name()), session.output().quiet);
    CheckpointFile file(CheckpointMetadata(run, checkpoint), checkpoint.bytes(),
                        [&sink](absl::string_view bytes) { return sink->Write(bytes); });
    uint64_t received = 0;
    const auto add = [&](absl::string_view bytes) {
      received += bytes.size();
      if (session.terminal().err_is_terminal) {
        progress.Update({static_cast<double>(received) / static_cast<double>(checkpoint.bytes()),
                         absl::StrCat(FormatBytes(received), " of ", FormatBytes(checkpoint.bytes())), ""});
      }
      return file.Add(bytes);
    };
    SUMSCOPE_RETURN_IF_ERROR(connection->DownloadCheckpoint(checkpoint.name(), add));
    SUMSCOPE_RETURN_IF_ERROR(file.Finish());
  }
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  if (!path.empty()) {
    session.Note(absl::StrCat("wrote ", path, ": step ", checkpoint.step(), " of ", RunIdOf(run.name()), ", ",
                              FormatBytes(checkpoint.bytes()), ", SHA-256 verified"));
  }
  return ExitCode::kDone;
}

}  // namespace

void AddRunsExport(Registry* registry, Command runs) {
  const auto run = std::make_shared<std::string>();
  const Command command = registry->Add(runs, "export", "Write a checkpoint as a .safetensors file");
  command.Add("RUN[@STEP]", run.get(), "run id, prefix or @last, and which checkpoint (default: the last)").required();
  registry->Run(command, [run](Session& session) { return ExportCheckpoint(*run, session); });
}

}  // namespace sumscope::client

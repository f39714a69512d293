// sumscope captures export: all tensors as one .safetensors file.
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/find.h"
#include "client/cli/arguments/names.h"
#include "client/cli/captures/commands.h"
#include "client/cli/captures/download.h"
#include "client/cli/output/numbers.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> ExportCapture(const std::string& argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, FindCapture(*connection, argument));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Capture capture, connection->GetCapture(name));
  const std::string id = capture.name().substr(capture.name().rfind('/') + 1);
  Download download;
  download.example = "FILE.safetensors";
  download.key = id;
  download.label = id;
  v1::DownloadCaptureRequest request;
  request.set_name(capture.name());
  download.receive = [&](uint64_t offset, Sha256* hash, const auto& on_bytes) {
    request.set_offset(offset);
    return connection->DownloadCapture(request, hash, on_bytes);
  };
  SUMSCOPE_RETURN_IF_ERROR(RunDownload(session, download));
  session.Note(
      WroteWhat(session, absl::StrCat(Counted(static_cast<uint64_t>(capture.result().tensors_size()), "tensor"), ", ",
                                      FormatBytes(capture.result().bytes()), ", SHA-256 verified")));
  return ExitCode::kDone;
}

}  // namespace

void AddCapturesExport(Registry* registry, Command captures) {
  const auto name = std::make_shared<std::string>();
  const Command command = registry->Add(captures, "export", "Write a capture as one .safetensors file");
  command.Add("CAPTURE", name.get(), kCaptureArgument).required();
  registry->Run(command, [name](Session& session) { return ExportCapture(*name, session); });
}

}  // namespace sumscope::client

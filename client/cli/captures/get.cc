// sumscope captures get: one tensor as a .npy file, or a range of its bytes.
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/find.h"
#include "client/cli/arguments/names.h"
#include "client/cli/captures/commands.h"
#include "client/cli/captures/download.h"
#include "client/cli/output/numbers.h"
#include "client/files/npy.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

struct CapturesGetOptions {
  std::string capture, tensor;
  std::optional<uint64_t> offset, length;
};

absl::StatusOr<v1::CapturedTensor> FindTensor(const v1::Capture& capture, const std::string& name) {
  std::vector<std::string> names;
  for (const v1::CapturedTensor& tensor : capture.result().tensors()) {
    if (tensor.name() == name) return tensor;
    names.push_back(tensor.name());
  }
  return MakeError(absl::StatusCode::kNotFound, "TENSOR_NOT_FOUND",
                   absl::StrCat(capture.name(), " has no tensor ", Quote(name), " (sumscope captures show ",
                                ShortNameOf(capture.name()), " lists them); ", DidYouMean(name, names)));
}

// A range is raw bytes and is not checked: what is announced is the hash of the whole tensor.
absl::Status GetRange(const CapturesGetOptions& options, const v1::CapturedTensor& tensor,
                      v1::ReadTensorRequest request, Session& session, Connection& connection) {
  const uint64_t offset = options.offset.value_or(0);
  if (offset >= tensor.bytes() || options.length == uint64_t{0} ||
      options.length.value_or(0) > tensor.bytes() - offset) {
    return MakeError(absl::StatusCode::kOutOfRange, "OFFSET_OUT_OF_RANGE",
                     absl::StrCat(tensor.name(), " has ", tensor.bytes(), " bytes"));
  }
  request.set_offset(offset);
  request.set_length(options.length.value_or(tensor.bytes() - offset));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSinkForBytes("FILE.bin"));
  Sha256 hash;
  SUMSCOPE_RETURN_IF_ERROR(
      connection.ReadTensor(request, &hash, [&sink](absl::string_view bytes) { return sink->Write(bytes); }));
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  session.Note(
      WroteWhat(session, absl::StrCat(FormatCount(request.length()), " bytes from byte ", FormatCount(offset))));
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Get(const CapturesGetOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, FindCapture(*connection, options.capture));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Capture capture, connection->GetCapture(name));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::CapturedTensor tensor, FindTensor(capture, options.tensor));
  v1::ReadTensorRequest request;
  request.set_name(capture.name());
  request.set_tensor(tensor.name());
  if (options.offset || options.length) {
    SUMSCOPE_RETURN_IF_ERROR(GetRange(options, tensor, request, session, *connection));
    return ExitCode::kDone;
  }
  Download download;
  SUMSCOPE_ASSIGN_OR_RETURN(download.prefix, NpyHeader(tensor.dtype(), {tensor.shape().begin(), tensor.shape().end()}));
  download.example = "FILE.npy";
  download.key = tensor.sha256().substr(0, 16);
  download.label = tensor.name();
  download.total_bytes = tensor.bytes();
  download.receive = [&](uint64_t offset, Sha256* hash, const auto& on_bytes) -> absl::Status {
    if (tensor.bytes() > offset || tensor.bytes() == 0) {
      request.set_offset(offset);
      return connection->ReadTensor(request, hash, on_bytes);
    }
    if (hash->HexDigest() == tensor.sha256()) return absl::OkStatus();
    return MakeError(absl::StatusCode::kDataLoss, "CAPTURE_CORRUPT", "the partial file is not this tensor");
  };
  SUMSCOPE_RETURN_IF_ERROR(RunDownload(session, download));
  session.Note(WroteWhat(session, absl::StrCat(FormatBytes(tensor.bytes()), ", SHA-256 verified")));
  return ExitCode::kDone;
}

}  // namespace

void AddCapturesGet(Registry* registry, Command captures) {
  const auto options = std::make_shared<CapturesGetOptions>();
  const Command command = registry->Add(captures, "get", "Write one tensor as a .npy file, or a range of its bytes");
  command.Add("CAPTURE", &options->capture, kCaptureArgument).required();
  command.Add("--tensor", &options->tensor, "its name, as captures show lists it").type_name("NAME").required();
  command.AddUnsigned("--offset-bytes", &options->offset, "raw bytes from here on, into a .bin file");
  command.AddUnsigned("--length-bytes", &options->length, "so many of them (default: to the end)");
  registry->Run(command, [options](Session& session) { return Get(*options, session); });
}

}  // namespace sumscope::client

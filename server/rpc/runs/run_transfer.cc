// Checkpoints out and weights in, of RunService.
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/runs/runs.h"
#include "server/rpc/runs/asked_spec.h"
#include "server/rpc/runs/checkpoints.h"
#include "server/rpc/runs/imports/imported_file.h"
#include "server/rpc/runs/labels.h"
#include "server/rpc/runs/run_messages.h"
#include "server/rpc/runs/run_service.h"
#include "server/rpc/runs/visibility.h"
#include "server/rpc/serve/gate/request_facts.h"
#include "server/rpc/serve/requests.h"
#include "server/rpc/serve/resolve_run.h"
#include "server/rpc/serve/transfer/file_chunks.h"
#include "server/rpc/serve/transfer/upload_spool.h"

namespace sumscope::rpc {
namespace {

absl::Status ImportIncomplete(uint64_t got, uint64_t expected) {
  return MakeError(absl::StatusCode::kInvalidArgument, "IMPORT_INCOMPLETE",
                   absl::StrCat("the upload ended after ", got, " of ", expected, " bytes; send the file again"));
}

}  // namespace

grpc::Status RunService::ListCheckpoints(grpc::ServerContext* context, const v1::ListCheckpointsRequest* request,
                                         v1::ListCheckpointsResponse* response) {
  const auto list = [&](const auth::Caller& caller) -> absl::StatusOr<v1::ListCheckpointsResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const auto file, FileOf(backend_, run));
    v1::ListCheckpointsResponse checkpoints;
    if (file == nullptr) return checkpoints;
    SUMSCOPE_ASSIGN_OR_RETURN(const auto sets, file->ListTensorSets(storage::TensorSetKind::kWeights));
    const std::string id = IdOf(run.name());
    for (const storage::TensorSet& set : sets) *checkpoints.add_checkpoints() = ToCheckpoint(id, set);
    return checkpoints;
  };
  return road_.Unary(context, request, response, list);
}

absl::Status RunService::Download(const auth::Caller& caller, grpc::ServerContext* context,
                                  const v1::DownloadCheckpointRequest& request,
                                  grpc::ServerWriter<v1::FileChunk>* writer) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto seat, backend_.downloads->Enter());
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef ref, ParseCheckpointName(request.name()));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, RunName(ref.run)));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, FileOf(backend_, run));
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::TensorSet set, FindCheckpoint(run, file.get(), ref.step));
  if (request.offset() > set.file_bytes) {
    return MakeError(absl::StatusCode::kOutOfRange, "OFFSET_OUT_OF_RANGE",
                     absl::StrCat("offset ", request.offset(), " is past the file's ", set.file_bytes, " bytes"));
  }
  const auto gone = [context] { return context->IsCancelled(); };
  return SendChunks({request.offset(), set.file_bytes, set.file_bytes, set.sha256},
                    ReadAfterPrefix(SafetensorsPrefix(set.tensors, {}),
                                    [&](uint64_t offset, uint64_t length) {
                                      return backend_.reads->Read(
                                          gone, [&] { return file->ReadTensorBytes(set.id, offset, length); });
                                    }),
                    [&](const v1::FileChunk& chunk) { return writer->Write(chunk); });
}

grpc::Status RunService::DownloadCheckpoint(grpc::ServerContext* context, const v1::DownloadCheckpointRequest* request,
                                            grpc::ServerWriter<v1::FileChunk>* writer) {
  return road_.Streaming(context, request,
                         [&](const auth::Caller& caller) { return Download(caller, context, *request, writer); });
}

absl::StatusOr<v1::Run> RunService::Import(const auth::Caller& caller, UploadReader<v1::ImportRunRequest>* reader) {
  v1::ImportRunRequest message;
  SUMSCOPE_ASSIGN_OR_RETURN(bool more, reader->Read(&message));
  if (!more || !message.has_header()) {
    return InvalidField("IMPORT_HEADER_MISSING", "header", "the first message of ImportRun must be its header");
  }
  const v1::ImportHeader header = message.header();
  if (header.total_bytes() > limits::kMaxImportBytes) {
    return MakeError(
        absl::StatusCode::kResourceExhausted, "IMPORT_TOO_LARGE",
        absl::StrCat("a file of ", header.total_bytes(), " bytes is above the limit of ", limits::kMaxImportBytes));
  }
  if (caller.audit != nullptr) caller.audit->row.request_id = RequestIdOf(header);
  if (!header.run_id().empty()) {
    SUMSCOPE_RETURN_IF_ERROR(ValidateRunId(header.run_id()));
    caller.actor().Names(RunName(header.run_id()));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Visibility visibility, CompleteVisibility(header.visibility(), v1::LAB));
  SUMSCOPE_RETURN_IF_ERROR(ValidateFileName("header.file_name", header.file_name()));
  SUMSCOPE_RETURN_IF_ERROR(ValidateLabels(header.labels()));
  IncomingRoom::Hold room(backend_.room, caller);
  // The upload lies beside the run's file until that is made.
  SUMSCOPE_RETURN_IF_ERROR(room.TakeDisk(2 * header.total_bytes()));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto spool, UploadSpool::Create(backend_.spool_directory, backend_.env));
  while (true) {
    SUMSCOPE_ASSIGN_OR_RETURN(more, reader->Read(&message));
    if (!more) break;
    // An empty one is no progress, and would keep its place for as long as it is sent.
    if (message.data().empty() || message.data().size() > limits::kMaxChunkBytes ||
        spool->size() + message.data().size() > header.total_bytes()) {
      return InvalidField("IMPORT_CHUNK_INVALID", "data",
                          "chunks have 1 byte to 1 MiB, and together as many as header.total_bytes says");
    }
    SUMSCOPE_RETURN_IF_ERROR(spool->Append(message.data()));
    room.SpendDisk(message.data().size());
  }
  if (spool->size() != header.total_bytes()) return ImportIncomplete(spool->size(), header.total_bytes());
  const std::string sha256 = spool->Sha256();
  if (!header.sha256().empty() && sha256 != header.sha256()) {
    return MakeError(absl::StatusCode::kDataLoss, "IMPORT_CORRUPT", "the upload's SHA-256 is not the announced one");
  }
  v1::ImportHeader body = header;  // what makes two imports the same: header and content
  body.set_sha256(sha256);
  SUMSCOPE_ASSIGN_OR_RETURN(const jobs::Request id, RequestOf("ImportRun", body));
  SUMSCOPE_ASSIGN_OR_RETURN(ImportedFile file, ReadImportedFile(header, *spool, backend_.room));
  file.weights.file_name = header.file_name();
  return backend_.manager->runs().Import(
      caller.actor(), id, header.run_id(), file.spec,
      std::map<std::string, std::string>(header.labels().begin(), header.labels().end()), file.weights, visibility);
}

grpc::ServerReadReactor<v1::ImportRunRequest>* RunService::ImportRun(grpc::CallbackServerContext* context,
                                                                     v1::Run* run) {
  return road_.Upload<v1::ImportRunRequest>(
      context, backend_.uploads, run,
      [this](const auth::Caller& caller, auto* reader) { return Import(caller, reader); });
}

}  // namespace sumscope::rpc

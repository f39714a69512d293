// Checkpoints out and weights in, of RunService.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/resource_names.h"
#include "proto/contract/safetensors.h"
#include "server/rpc/call.h"
#include "server/rpc/checkpoints.h"
#include "server/rpc/convert.h"
#include "server/rpc/imported_file.h"
#include "server/rpc/run_service.h"
#include "server/rpc/upload_spool.h"

namespace sumscope::rpc {
namespace {

std::string PrefixOf(const storage::TensorSet& set) {
  std::vector<SafetensorsTensor> tensors;
  for (const storage::StoredTensor& tensor : set.tensors) tensors.push_back({tensor.name, tensor.dtype, tensor.shape});
  return MakeSafetensorsPrefix(tensors, {});
}

// Bytes [offset, offset + length) of the safetensors file: its prefix, then the stored data.
absl::StatusOr<std::string> ReadFile(storage::RunFile& file, const storage::TensorSet& set, const std::string& prefix,
                                     uint64_t offset, uint64_t length) {
  std::string bytes;
  if (offset < prefix.size()) bytes = prefix.substr(offset, length);
  const uint64_t rest = length - bytes.size();
  if (rest > 0) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string data,
                              file.ReadTensorBytes(set.id, offset + bytes.size() - prefix.size(), rest));
    bytes += data;
  }
  return bytes;
}

absl::Status ImportIncomplete(uint64_t got, uint64_t expected) {
  return MakeError(absl::StatusCode::kInvalidArgument, "IMPORT_INCOMPLETE",
                   absl::StrCat("the upload ended after ", got, " of ", expected, " bytes; send the file again"));
}

}  // namespace

grpc::Status RunService::ListCheckpoints(grpc::ServerContext* context, const v1::ListCheckpointsRequest* request,
                                         v1::ListCheckpointsResponse* response) {
  const auto list = [&]() -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, Resolve(context, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const auto file, FileOf(run));
    if (file == nullptr) return absl::OkStatus();
    SUMSCOPE_ASSIGN_OR_RETURN(const auto sets, file->ListTensorSets(storage::TensorSetKind::kWeights));
    const std::string id(absl::StripPrefix(run.name(), "runs/"));
    for (const storage::TensorSet& set : sets) *response->add_checkpoints() = ToCheckpoint(id, set);
    return absl::OkStatus();
  };
  return ToGrpc(list());
}

absl::Status RunService::Download(grpc::ServerContext* context, const v1::DownloadCheckpointRequest& request,
                                  grpc::ServerWriter<v1::FileChunk>* writer) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef ref, ParseCheckpointName(request.name()));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, Resolve(context, RunName(ref.run)));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, FileOf(run));
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::TensorSet set, FindCheckpoint(run, file.get(), ref.step));
  if (request.offset() > set.file_bytes) {
    return MakeError(absl::StatusCode::kOutOfRange, "OFFSET_PAST_END",
                     absl::StrCat("offset ", request.offset(), " is past the file's ", set.file_bytes, " bytes"));
  }
  const std::string prefix = PrefixOf(set);
  uint64_t offset = request.offset();
  bool first = true;
  while (first || offset < set.file_bytes) {
    v1::FileChunk chunk;
    chunk.set_offset(offset);
    if (first) {
      chunk.set_total_bytes(set.file_bytes);
      chunk.set_sha256(set.sha256);
    }
    const uint64_t length = std::min<uint64_t>(limits::kMaxChunkBytes, set.file_bytes - offset);
    SUMSCOPE_ASSIGN_OR_RETURN(*chunk.mutable_data(), ReadFile(*file, set, prefix, offset, length));
    if (!writer->Write(chunk)) return absl::CancelledError("the client went away");
    offset += length;
    first = false;
  }
  return absl::OkStatus();
}

grpc::Status RunService::DownloadCheckpoint(grpc::ServerContext* context, const v1::DownloadCheckpointRequest* request,
                                            grpc::ServerWriter<v1::FileChunk>* writer) {
  return ToGrpc(Download(context, *request, writer));
}

absl::StatusOr<v1::Run> RunService::Import(grpc::ServerContext* context,
                                           grpc::ServerReader<v1::ImportRunRequest>* reader) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auth::Caller caller, CallerOf(context));
  v1::ImportRunRequest message;
  if (!reader->Read(&message) || !message.has_header()) {
    return InvalidField("IMPORT_HEADER_MISSING", "header", "the first message of ImportRun must be its header");
  }
  const v1::ImportHeader header = message.header();
  if (header.total_bytes() > limits::kMaxImportBytes) {
    return MakeError(
        absl::StatusCode::kResourceExhausted, "IMPORT_TOO_LARGE",
        absl::StrCat("a file of ", header.total_bytes(), " bytes is above the limit of ", limits::kMaxImportBytes));
  }
  if (!header.run_id().empty()) SUMSCOPE_RETURN_IF_ERROR(ValidateRunId(header.run_id()));
  SUMSCOPE_RETURN_IF_ERROR(ValidateLabels(header.labels()));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto spool, UploadSpool::Create(backend_.spool_directory));
  while (reader->Read(&message)) {
    if (message.data().size() > limits::kMaxChunkBytes ||
        spool->size() + message.data().size() > header.total_bytes()) {
      return InvalidField("IMPORT_CHUNK_INVALID", "data",
                          "chunks are at most 1 MiB, and together as long as header.total_bytes says");
    }
    SUMSCOPE_RETURN_IF_ERROR(spool->Append(message.data()));
  }
  if (spool->size() != header.total_bytes()) return ImportIncomplete(spool->size(), header.total_bytes());
  const std::string sha256 = spool->Sha256();
  if (!header.sha256().empty() && sha256 != header.sha256()) {
    return MakeError(absl::StatusCode::kDataLoss, "IMPORT_CORRUPT", "the upload's SHA-256 is not the announced one");
  }
  v1::ImportHeader body = header;  // what makes two imports the same: header and content
  body.set_sha256(sha256);
  SUMSCOPE_ASSIGN_OR_RETURN(const jobs::JobManager::Request id, RequestOf("ImportRun", body));
  SUMSCOPE_ASSIGN_OR_RETURN(ImportedFile file, ReadImportedFile(header, *spool));
  file.weights.file_name = header.file_name();
  return backend_.manager->ImportRun(id, header.run_id(), file.spec,
                                     std::map<std::string, std::string>(header.labels().begin(), header.labels().end()),
                                     caller.name, file.weights);
}

grpc::Status RunService::ImportRun(grpc::ServerContext* context, grpc::ServerReader<v1::ImportRunRequest>* reader,
                                   v1::Run* run) {
  return Answer(Import(context, reader), run);
}

}  // namespace sumscope::rpc

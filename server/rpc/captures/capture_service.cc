#include "server/rpc/captures/capture_service.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/sha256.h"
#include "server/jobs/analyses/analyses.h"
#include "server/rpc/serve/requests.h"
#include "server/rpc/serve/resolve_run.h"
#include "storage/capture_file.h"

namespace sumscope::rpc {
namespace {

constexpr size_t kMaxKnownHashes = 1000;

absl::Status CaptureNotFound(const std::string& run, const std::string& capture, absl::string_view why) {
  return MakeError(absl::StatusCode::kNotFound, "CAPTURE_NOT_FOUND",
                   absl::StrCat("there is no capture ", CaptureName(run, capture), why,
                                "; `sumscope captures list` shows those there are"));
}

absl::Status OffsetOutOfRange(uint64_t offset, uint64_t bytes, absl::string_view what) {
  return MakeError(absl::StatusCode::kOutOfRange, "OFFSET_OUT_OF_RANGE",
                   absl::StrCat("offset ", offset, " is past the ", bytes, " bytes of ", what));
}

// Whole downloads carry what made them; equal for every part of one.
std::map<std::string, std::string> MetadataOf(const v1::Capture& capture) {
  return {{"capture", capture.name()},
          {"checkpoint", capture.checkpoint()},
          {"question_set_sha256", capture.question_set().sha256()}};
}

absl::StatusOr<const v1::CapturedTensor*> FindTensor(const v1::Capture& capture, const std::string& name) {
  std::vector<std::string> names;
  for (const v1::CapturedTensor& tensor : capture.result().tensors()) {
    if (tensor.name() == name) return &tensor;
    names.push_back(tensor.name());
  }
  return MakeError(absl::StatusCode::kNotFound, "TENSOR_NOT_FOUND",
                   absl::StrCat(capture.name(), " has no tensor ", Quote(name), "; ", DidYouMean(name, names)));
}

// What the catalog knows of a capture, where its run's file cannot be read.
v1::Capture Indexed(const v1::Analysis& analysis, const CaptureRef& ref) {
  v1::Capture capture;
  capture.set_name(CaptureName(ref.run, ref.capture));
  capture.set_analysis(analysis.name());
  capture.set_checkpoint(analysis.checkpoint());
  *capture.mutable_question_set() = analysis.question_set();
  *capture.mutable_create_time() = analysis.create_time();
  capture.set_owner(analysis.owner());
  return capture;
}

}  // namespace

absl::StatusOr<std::shared_ptr<storage::CaptureFile>> CaptureService::Open(const v1::Capture& capture) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CaptureRef ref, ParseCaptureName(capture.name()));
  SUMSCOPE_ASSIGN_OR_RETURN(std::shared_ptr<storage::CaptureFile> file, backend_.captures->Open(ref.run, ref.capture));
  const auto& described = capture.result().tensors();
  const bool same = std::equal(described.begin(), described.end(), file->tensors().begin(), file->tensors().end(),
                               [](const v1::CapturedTensor& meant, const storage::CaptureTensor& stored) {
                                 return meant.name() == stored.tensor.name && meant.bytes() == stored.tensor.bytes &&
                                        meant.offset() == stored.offset && meant.sha256() == stored.sha256;
                               });
  if (same) return file;
  return MakeError(absl::StatusCode::kDataLoss, "CAPTURE_FILE_MISPLACED",
                   absl::StrCat("the file of ", capture.name(),
                                " holds other tensors than its result names: it was copied or linked over; delete the "
                                "capture and capture again"));
}

absl::StatusOr<v1::Capture> CaptureService::Load(const auth::Caller& caller, const std::string& run,
                                                 const std::string& capture) {
  v1::Analysis index;
  const absl::Status found = backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(index, reader.analyses().Get(caller.viewer(), run, capture));
    return absl::OkStatus();
  });
  if (absl::IsNotFound(found)) return CaptureNotFound(run, capture, "");
  SUMSCOPE_RETURN_IF_ERROR(found);
  const AnalysisKind* const kind = FindKind(index.analysis());
  if (kind == nullptr || !kind->writes_capture()) return CaptureNotFound(run, capture, ": that analysis is none");
  if (index.state() != v1::SUCCEEDED) {
    return CaptureNotFound(run, capture, absl::StrCat(": it is ", v1::State_Name(index.state())));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, backend_.run_files->Open(run));
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Analysis stored, file->GetAnalysis(capture));
  v1::Capture loaded;
  loaded.set_name(CaptureName(run, capture));
  loaded.set_analysis(stored.name());
  loaded.set_checkpoint(stored.checkpoint());
  *loaded.mutable_request() = std::move(*stored.mutable_request()->mutable_capture());
  *loaded.mutable_question_set() = std::move(*stored.mutable_question_set());
  *loaded.mutable_result() = std::move(*stored.mutable_result()->mutable_capture());
  *loaded.mutable_create_time() = stored.create_time();
  loaded.set_owner(stored.owner());
  return loaded;
}

absl::StatusOr<v1::Capture> CaptureService::Get(const auth::Caller& caller, const std::string& name) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CaptureRef ref, ParseCaptureName(name));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, RunName(ref.run)));
  return Load(caller, IdOf(run.name()), ref.capture);
}

grpc::Status CaptureService::GetCapture(grpc::ServerContext* context, const v1::GetCaptureRequest* request,
                                        v1::Capture* response) {
  return road_.Unary(context, request, response,
                     [&](const auth::Caller& caller) { return Get(caller, request->name()); });
}

absl::StatusOr<v1::ListCapturesResponse> CaptureService::List(const auth::Caller& caller, grpc::ServerContext* context,
                                                              const v1::ListCapturesRequest& request) {
  // One at a time: a page ends when it is long enough in bytes, too.
  storage::AnalysisQuery query{"", std::string(KindOfCaptures().name()), 1, request.page_token()};
  if (request.parent() != "runs/-") {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request.parent()));
    query.run = IdOf(run.name());
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t size, PageSize(request.page_size()));
  v1::ListCapturesResponse list;
  size_t bytes = 0;
  do {
    storage::AnalysisPage page;
    SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(page, reader.analyses().List(caller.viewer(), query));
      return absl::OkStatus();
    }));
    query.page_token = page.next_page_token;
    for (const v1::Analysis& analysis : page.analyses) {
      if (analysis.state() != v1::SUCCEEDED) continue;
      SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef name, ParseAnalysisName(analysis.name()));
      const CaptureRef ref{name.run, name.analysis};
      absl::StatusOr<v1::Capture> capture = Load(caller, ref.run, ref.capture);
      const std::string reason = ErrorReason(capture.status());
      if (reason == "CAPTURE_NOT_FOUND" || reason == "ANALYSIS_NOT_FOUND") continue;  // deleted meanwhile
      if (!capture.ok()) capture = Indexed(analysis, ref);  // GetCapture says what is wrong with the run's file
      bytes += capture->ByteSizeLong();
      *list.add_captures() = *std::move(capture);
    }
  } while (!query.page_token.empty() && list.captures_size() < static_cast<int>(size) &&
           bytes < limits::kMaxPageBytes && !context->IsCancelled());
  list.set_next_page_token(query.page_token);
  return list;
}

grpc::Status CaptureService::ListCaptures(grpc::ServerContext* context, const v1::ListCapturesRequest* request,
                                          v1::ListCapturesResponse* response) {
  return road_.Unary(context, request, response,
                     [&](const auth::Caller& caller) { return List(caller, context, *request); });
}

absl::Status CaptureService::Read(const auth::Caller& caller, grpc::ServerContext* context,
                                  const v1::ReadTensorRequest& request, grpc::ServerWriter<v1::FileChunk>* writer) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto seat, backend_.downloads->Enter());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Capture capture, Get(caller, request.name()));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::CapturedTensor* const tensor, FindTensor(capture, request.tensor()));
  if (request.offset() > tensor->bytes()) {
    return OffsetOutOfRange(request.offset(), tensor->bytes(), tensor->name());
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, Open(capture));
  const uint64_t rest = tensor->bytes() - request.offset();
  const uint64_t length = request.length() == 0 ? rest : std::min(rest, request.length());
  const auto gone = [context] { return context->IsCancelled(); };
  return SendChunks(
      {request.offset(), request.offset() + length, tensor->bytes(), tensor->sha256()},
      [&](uint64_t offset, uint64_t count) {
        const uint64_t stored = tensor->offset() + offset;
        return backend_.reads->Read(gone, [&] { return file->Read(stored, LengthAtOnce(stored, count)); });
      },
      [&](const v1::FileChunk& chunk) { return writer->Write(chunk); });
}

grpc::Status CaptureService::ReadTensor(grpc::ServerContext* context, const v1::ReadTensorRequest* request,
                                        grpc::ServerWriter<v1::FileChunk>* writer) {
  return road_.Streaming(context, request,
                         [&](const auth::Caller& caller) { return Read(caller, context, *request, writer); });
}

absl::StatusOr<std::string> CaptureService::HashOf(grpc::ServerContext* context, const std::string& name,
                                                   uint64_t bytes, const ReadBytes& read) {
  {
    MutexLock lock(&mutex_);
    const auto known = hashes_.find(name);
    if (known != hashes_.end()) return known->second;
  }
  Sha256 hash;
  for (uint64_t offset = 0; offset < bytes;) {
    if (context->IsCancelled()) return absl::CancelledError("the client went away");
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string part,
                              read(offset, std::min<uint64_t>(limits::kMaxChunkBytes, bytes - offset)));
    hash.Update(part);
    offset += part.size();
  }
  MutexLock lock(&mutex_);
  if (hashes_.size() >= kMaxKnownHashes) hashes_.clear();
  return hashes_[name] = hash.HexDigest();
}

absl::Status CaptureService::Download(const auth::Caller& caller, grpc::ServerContext* context,
                                      const v1::DownloadCaptureRequest& request,
                                      grpc::ServerWriter<v1::FileChunk>* writer) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto seat, backend_.downloads->Enter());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Capture capture, Get(caller, request.name()));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, Open(capture));
  std::vector<storage::StoredTensor> tensors;
  for (const storage::CaptureTensor& tensor : file->tensors()) tensors.push_back(tensor.tensor);
  std::string prefix = SafetensorsPrefix(tensors, MetadataOf(capture));
  const uint64_t total = prefix.size() + file->data_bytes();
  if (request.offset() > total) return OffsetOutOfRange(request.offset(), total, capture.name());
  const auto gone = [context] { return context->IsCancelled(); };
  const ReadBytes read = ReadAfterPrefix(std::move(prefix), [this, file, gone](uint64_t offset, uint64_t length) {
    return backend_.reads->Read(gone, [&] { return file->Read(offset, length); });
  });
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string sha256, HashOf(context, capture.name(), total, read));
  return SendChunks({request.offset(), total, total, sha256}, read,
                    [&](const v1::FileChunk& chunk) { return writer->Write(chunk); });
}

grpc::Status CaptureService::DownloadCapture(grpc::ServerContext* context, const v1::DownloadCaptureRequest* request,
                                             grpc::ServerWriter<v1::FileChunk>* writer) {
  return road_.Streaming(context, request,
                         [&](const auth::Caller& caller) { return Download(caller, context, *request, writer); });
}

grpc::Status CaptureService::DeleteCapture(grpc::ServerContext* context, const v1::DeleteCaptureRequest* request,
                                           v1::DeleteCaptureResponse* response) {
  const auto remove = [&](const auth::Caller& caller) -> absl::StatusOr<v1::DeleteCaptureResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Capture capture, Get(caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const CaptureRef ref, ParseCaptureName(capture.name()));
    SUMSCOPE_RETURN_IF_ERROR(backend_.manager->analyses().Delete(caller.actor(), ref.run, ref.capture));
    return v1::DeleteCaptureResponse();
  };
  return road_.Unary(context, request, response, remove);
}

}  // namespace sumscope::rpc

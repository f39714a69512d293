// What Connection uploads: weights, questions.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "client/connection_stubs.h"
#include "client/readable_file.h"
#include "proto/contract/base/random_ids.h"
#include "proto/contract/base/sha256.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

// Hands the file over in pieces of at most 1 MiB until `on_piece` says no.
absl::Status ReadPieces(const std::string& path, const std::function<bool(std::string)>& on_piece) {
  // A device or a pipe has no size to announce, and may have no end.
  SUMSCOPE_RETURN_IF_ERROR(CheckReadable(path, Pipes::kRefused));
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotReadable(path, std::strerror(errno));
  while (file.peek() != std::ifstream::traits_type::eof()) {
    std::string piece(limits::kMaxChunkBytes, '\0');
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<size_t>(file.gcount()));
    if (!on_piece(std::move(piece))) return absl::OkStatus();
  }
  return file.bad() || (file.fail() && !file.eof()) ? NotReadable(path, std::strerror(errno)) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Run> Connection::Upload(const v1::ImportHeader& header, const std::string& path) {
  grpc::ClientContext context;
  const Cancellation::Scope scope(cancellation_, [&context] { context.TryCancel(); });
  v1::Run run;
  const auto writer = stubs_->runs->ImportRun(&context, &run);
  v1::ImportRunRequest message;
  *message.mutable_header() = header;
  bool open = writer->Write(message);
  absl::Status read;
  if (open) {
    read = ReadPieces(path, [&](std::string piece) {
      message.set_data(std::move(piece));
      return open = writer->Write(message);
    });
  }
  if (!read.ok()) context.TryCancel();
  // A server that refuses closes the stream early: Finish says why.
  writer->WritesDone();
  const absl::Status status = FromGrpc(writer->Finish());
  SUMSCOPE_RETURN_IF_ERROR(read);
  SUMSCOPE_RETURN_IF_ERROR(status);
  return run;
}

absl::StatusOr<v1::Run> Connection::ImportRun(v1::ImportHeader header, const std::string& path) {
  Sha256 hash;
  uint64_t bytes = 0;
  const auto measure = [&](const std::string& piece) {
    hash.Update(piece);
    bytes += piece.size();
    return !cancellation_->cancelled();
  };
  SUMSCOPE_RETURN_IF_ERROR(ReadPieces(path, measure));
  header.set_total_bytes(bytes);
  header.set_sha256(hash.HexDigest());
  if (header.request_id().empty()) header.set_request_id(IdSource::Real()->NewUuid());
  v1::Run run;
  const auto attempt = [&](bool*) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(run, Upload(header, path));
    return absl::OkStatus();
  };
  SUMSCOPE_RETURN_IF_ERROR(KeepStreaming(attempt));
  return run;
}

absl::StatusOr<v1::UploadedQuestionSet> Connection::UploadQuestionSet(uint32_t n_digits, absl::string_view lines) {
  v1::UploadedQuestionSet uploaded;
  const auto attempt = [&](bool*) -> absl::Status {
    grpc::ClientContext context;
    const Cancellation::Scope scope(cancellation_, [&context] { context.TryCancel(); });
    const auto writer = stubs_->question_sets->UploadQuestionSet(&context, &uploaded);
    v1::UploadQuestionSetRequest message;
    message.mutable_header()->set_n_digits(n_digits);
    bool open = writer->Write(message);
    for (size_t at = 0; open && at < lines.size(); at += limits::kMaxChunkBytes) {
      message.set_data(std::string(lines.substr(at, limits::kMaxChunkBytes)));
      open = writer->Write(message);
    }
    writer->WritesDone();
    return FromGrpc(writer->Finish());
  };
  SUMSCOPE_RETURN_IF_ERROR(KeepStreaming(attempt));
  return uploaded;
}

}  // namespace sumscope::client

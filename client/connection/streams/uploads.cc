#include "client/connection/streams/uploads.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "client/files/output_place.h"
#include "client/files/readable_file.h"
#include "proto/contract/base/random_ids.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/sha256.h"
#include "sumscope/v1/question_sets.grpc.pb.h"
#include "sumscope/v1/runs.grpc.pb.h"

namespace sumscope::client::streams {
namespace {

// A file that is read twice, once to say its size and hash and once to send it. What can be read only once, a pipe, is
// copied into a file without a name first.
class UploadSource {
 public:
  static absl::StatusOr<std::unique_ptr<UploadSource>> Open(const std::string& path, const InputPatience& patience) {
    SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<InputFile> input, InputFile::Open(path, patience));
    auto source = absl::WrapUnique(new UploadSource(std::move(input)));
    if (!source->input_->regular()) SUMSCOPE_RETURN_IF_ERROR(source->Copy());
    return source;
  }

  // Hands the file over in pieces of at most 1 MiB until `on_piece` says no.
  absl::Status ReadPieces(const std::function<bool(std::string)>& on_piece) const {
    const int descriptor = copy_ != nullptr ? fileno(copy_.get()) : input_->descriptor();
    for (off_t offset = 0;;) {
      std::string piece(limits::kMaxChunkBytes, '\0');
      const ssize_t got = pread(descriptor, piece.data(), piece.size(), offset);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return NotReadable(input_->path(), std::strerror(errno));
      piece.resize(static_cast<size_t>(got));
      offset += got;
      if (got == 0 || !on_piece(std::move(piece))) return absl::OkStatus();
    }
  }

 private:
  explicit UploadSource(std::unique_ptr<InputFile> input) : input_(std::move(input)), copy_(nullptr, &std::fclose) {}

  absl::Status Copy() {
    copy_.reset(std::tmpfile());
    if (copy_ == nullptr)
      return NotReadable(input_->path(), absl::StrCat("no room to keep it: ", std::strerror(errno)));
    std::string piece(limits::kMaxChunkBytes, '\0');
    for (uint64_t copied = 0;;) {
      SUMSCOPE_ASSIGN_OR_RETURN(const size_t got, input_->Read(piece.data(), piece.size()));
      if (got == 0) return absl::OkStatus();
      copied += got;
      if (copied > limits::kMaxImportBytes) {
        return MakeError(absl::StatusCode::kResourceExhausted, "IMPORT_TOO_LARGE",
                         absl::StrCat(input_->path(), " has more than ", limits::kMaxImportBytes, " bytes"));
      }
      SUMSCOPE_RETURN_IF_ERROR(WriteAll(fileno(copy_.get()), absl::string_view(piece.data(), got), "a temporary copy"));
    }
  }

  const std::unique_ptr<InputFile> input_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> copy_;
};

}  // namespace

absl::StatusOr<v1::Run> ImportRun(v1::ImportHeader header, const std::string& path, const InputPatience& patience,
                                  StreamKeeper* keeper) {
  Sha256 hash;
  uint64_t bytes = 0;
  const auto measure = [&](const std::string& piece) {
    hash.Update(piece);
    bytes += piece.size();
    return !patience.cancellation->cancelled();
  };
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<UploadSource> source, UploadSource::Open(path, patience));
  SUMSCOPE_RETURN_IF_ERROR(source->ReadPieces(measure));
  if (patience.cancellation->cancelled()) return absl::CancelledError("interrupted");
  header.set_total_bytes(bytes);
  header.set_sha256(hash.HexDigest());
  if (header.request_id().empty()) header.set_request_id(IdSource::Real()->NewUuid());
  v1::Run run;
  const auto send = [&](const std::function<bool(const v1::ImportRunRequest&)>& write) -> absl::Status {
    v1::ImportRunRequest message;
    *message.mutable_header() = header;
    if (!write(message)) return absl::OkStatus();
    return source->ReadPieces([&](std::string piece) {
      message.set_data(std::move(piece));
      return write(message);
    });
  };
  const auto attempt = [&](bool*) {
    return keeper->Write<v1::ImportRunRequest>(
        [&run](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context) {
          return v1::RunService::NewStub(channel)->ImportRun(context, &run);
        },
        send);
  };
  SUMSCOPE_RETURN_IF_ERROR(keeper->Keep(attempt));
  return run;
}

absl::StatusOr<v1::UploadedQuestionSet> UploadQuestionSet(uint32_t n_digits, absl::string_view lines,
                                                          StreamKeeper* keeper) {
  v1::UploadedQuestionSet uploaded;
  const auto send = [&](const std::function<bool(const v1::UploadQuestionSetRequest&)>& write) {
    v1::UploadQuestionSetRequest message;
    message.mutable_header()->set_n_digits(n_digits);
    bool more = write(message);
    for (size_t at = 0; more && at < lines.size(); at += limits::kMaxChunkBytes) {
      message.set_data(std::string(lines.substr(at, limits::kMaxChunkBytes)));
      more = write(message);
    }
    return absl::OkStatus();
  };
  const auto attempt = [&](bool*) {
    return keeper->Write<v1::UploadQuestionSetRequest>(
        [&uploaded](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context) {
          return v1::QuestionSetService::NewStub(channel)->UploadQuestionSet(context, &uploaded);
        },
        send);
  };
  SUMSCOPE_RETURN_IF_ERROR(keeper->Keep(attempt));
  return uploaded;
}

}  // namespace sumscope::client::streams

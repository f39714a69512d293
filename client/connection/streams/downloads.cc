#include "client/connection/streams/downloads.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "sumscope/v1/activations.grpc.pb.h"
#include "sumscope/v1/runs.grpc.pb.h"

namespace sumscope::client::streams {
namespace {

// A file in chunks.
struct FileTransfer {
  std::string what;        // for errors
  const char* corrupt;     // the reason of DATA_LOSS
  uint64_t offset = 0;     // of the next byte
  uint64_t length = 0;     // 0: to the end, where the SHA-256 is checked
  Sha256* hash = nullptr;  // has taken all bytes before `offset`
};

// `open(channel, context, offset, left)` opens a stream at `offset`, of `left` bytes where that is not 0.
template <typename Open>
absl::Status ReceiveFile(FileTransfer transfer, const Open& open,
                         const std::function<absl::Status(absl::string_view)>& on_bytes, StreamKeeper* keeper) {
  const auto corrupt = [&](absl::string_view problem) {
    return MakeError(absl::StatusCode::kDataLoss, transfer.corrupt, absl::StrCat(transfer.what, ": ", problem));
  };
  const uint64_t wanted_end =
      transfer.length == 0 ? std::numeric_limits<uint64_t>::max() : transfer.offset + transfer.length;
  std::optional<uint64_t> total;
  std::string sha256;
  const auto end = [&] { return std::min(*total, wanted_end); };
  const auto on_message = [&](const v1::FileChunk& chunk) -> absl::Status {
    if (!chunk.sha256().empty()) {
      if (total && (*total != chunk.total_bytes() || sha256 != chunk.sha256())) return corrupt("the file changed");
      total = chunk.total_bytes();
      sha256 = chunk.sha256();
    }
    if (!total || chunk.offset() != transfer.offset || transfer.offset + chunk.data().size() > end()) {
      return corrupt(absl::StrCat("got bytes at ", chunk.offset(), ", expected them at ", transfer.offset));
    }
    transfer.hash->Update(chunk.data());
    transfer.offset += chunk.data().size();
    return on_bytes(chunk.data());
  };
  const auto attempt = [&](bool* moved) -> absl::Status {
    if (total && transfer.offset == end()) return absl::OkStatus();
    const uint64_t left = transfer.length == 0 ? 0 : wanted_end - transfer.offset;
    const absl::Status status = keeper->Read<v1::FileChunk>(
        [&](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context) {
          return open(channel, context, transfer.offset, left);
        },
        on_message, moved);
    if (!status.ok()) return status;
    return total && transfer.offset == end() ? absl::OkStatus() : EndedEarly();
  };
  SUMSCOPE_RETURN_IF_ERROR(keeper->Keep(attempt));
  if (transfer.length == 0 && transfer.hash->HexDigest() != sha256) {
    return corrupt("its SHA-256 is not the announced one; download it again");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DownloadCheckpoint(const std::string& name, const std::function<absl::Status(absl::string_view)>& on_bytes,
                                StreamKeeper* keeper) {
  v1::DownloadCheckpointRequest request;
  request.set_name(name);
  Sha256 hash;
  const auto open = [&request](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context,
                               uint64_t offset, uint64_t) {
    request.set_offset(offset);
    return v1::RunService::NewStub(channel)->DownloadCheckpoint(context, request);
  };
  return ReceiveFile({name, "CHECKPOINT_CORRUPT", 0, 0, &hash}, open, on_bytes, keeper);
}

absl::Status ReadTensor(v1::ReadTensorRequest request, Sha256* before,
                        const std::function<absl::Status(absl::string_view)>& on_bytes, StreamKeeper* keeper) {
  const auto open = [&request](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context,
                               uint64_t offset, uint64_t left) {
    request.set_offset(offset);
    request.set_length(left);
    return v1::CaptureService::NewStub(channel)->ReadTensor(context, request);
  };
  return ReceiveFile({absl::StrCat(request.tensor(), " of ", request.name()), "CAPTURE_CORRUPT", request.offset(),
                      request.length(), before},
                     open, on_bytes, keeper);
}

absl::Status DownloadCapture(v1::DownloadCaptureRequest request, Sha256* before,
                             const std::function<absl::Status(absl::string_view)>& on_bytes, StreamKeeper* keeper) {
  const auto open = [&request](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context,
                               uint64_t offset, uint64_t) {
    request.set_offset(offset);
    return v1::CaptureService::NewStub(channel)->DownloadCapture(context, request);
  };
  return ReceiveFile({request.name(), "CAPTURE_CORRUPT", request.offset(), 0, before}, open, on_bytes, keeper);
}

}  // namespace sumscope::client::streams

#include "server/rpc/serve/transfer/file_chunks.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/safetensors/safetensors.h"

namespace sumscope::rpc {

absl::Status SendChunks(const FileRange& range, const ReadBytes& read,
                        const std::function<bool(const v1::FileChunk&)>& write) {
  // A reader that stalls holds what was read for it, one message and what gRPC makes of that: 1 MiB messages took 2.6
  // MiB for each over TLS.
  constexpr uint64_t kSent = 128 << 10;
  v1::FileChunk chunk;
  chunk.set_total_bytes(range.total_bytes);
  chunk.set_sha256(range.sha256);
  std::string bytes;
  absl::string_view rest;  // of bytes
  uint64_t offset = range.begin;
  do {
    if (rest.empty() && offset < range.end) {
      const uint64_t length = std::min<uint64_t>(limits::kMaxChunkBytes, range.end - offset);
      std::string().swap(bytes);  // let go of what was sent, before a wait for the next
      SUMSCOPE_ASSIGN_OR_RETURN(bytes, read(offset, length));
      if (bytes.empty() || bytes.size() > length)
        return absl::InternalError("other bytes were read than those asked for");
      rest = bytes;
    }
    chunk.set_offset(offset);
    chunk.set_data(std::string(rest.substr(0, kSent)));
    if (!write(chunk)) return absl::CancelledError("the client went away");
    offset += chunk.data().size();
    rest.remove_prefix(chunk.data().size());
    chunk.clear_total_bytes();
    chunk.clear_sha256();
  } while (offset < range.end);
  return absl::OkStatus();
}

uint64_t LengthAtOnce(uint64_t offset, uint64_t length) {
  return std::min<uint64_t>(length, limits::kMaxChunkBytes - offset % limits::kMaxChunkBytes);
}

std::string SafetensorsPrefix(const std::vector<storage::StoredTensor>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  std::vector<SafetensorsTensor> of_file;
  for (const storage::StoredTensor& tensor : tensors) of_file.push_back({tensor.name, tensor.dtype, tensor.shape});
  return MakeSafetensorsPrefix(of_file, metadata);
}

ReadBytes ReadAfterPrefix(std::string prefix, ReadBytes data) {
  return [prefix = std::move(prefix), data = std::move(data)](uint64_t offset,
                                                              uint64_t length) -> absl::StatusOr<std::string> {
    if (offset < prefix.size()) return prefix.substr(offset, length);
    const uint64_t stored = offset - prefix.size();
    return data(stored, LengthAtOnce(stored, length));
  };
}

}  // namespace sumscope::rpc

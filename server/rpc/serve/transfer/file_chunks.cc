#include "server/rpc/serve/transfer/file_chunks.h"

#include <algorithm>
#include <utility>

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/safetensors/safetensors.h"

namespace sumscope::rpc {

absl::Status SendChunks(const FileRange& range, const ReadBytes& read,
                        const std::function<bool(const v1::FileChunk&)>& write) {
  uint64_t offset = range.begin;
  do {
    v1::FileChunk chunk;
    chunk.set_offset(offset);
    if (offset == range.begin) {
      chunk.set_total_bytes(range.total_bytes);
      chunk.set_sha256(range.sha256);
    }
    const uint64_t length = std::min<uint64_t>(limits::kMaxChunkBytes, range.end - offset);
    if (length > 0) {
      SUMSCOPE_ASSIGN_OR_RETURN(*chunk.mutable_data(), read(offset, length));
    }
    if (!write(chunk)) return absl::CancelledError("the client went away");
    offset += length;
  } while (offset < range.end);
  return absl::OkStatus();
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
    std::string bytes;
    if (offset < prefix.size()) bytes = prefix.substr(offset, length);
    const uint64_t rest = length - bytes.size();
    if (rest > 0) {
      SUMSCOPE_ASSIGN_OR_RETURN(const std::string part, data(offset + bytes.size() - prefix.size(), rest));
      bytes += part;
    }
    return bytes;
  };
}

}  // namespace sumscope::rpc

#ifndef SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_FILE_CHUNKS_H_
#define SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_FILE_CHUNKS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/run_file.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

// Bytes from `offset` on: at least one, at most `length`, and none past the end of what storage verifies at a time.
using ReadBytes = std::function<absl::StatusOr<std::string>(uint64_t offset, uint64_t length)>;

// What a download sends: bytes [begin, end) of something `total_bytes` long with a hash.
struct FileRange {
  uint64_t begin, end;
  uint64_t total_bytes;
  std::string sha256;
};
// Sends it in chunks of at most 1 MiB, the first with size and hash, also when nothing is left. CANCELLED when `write`
// says that the client went away.
absl::Status SendChunks(const FileRange& range, const ReadBytes& read,
                        const std::function<bool(const v1::FileChunk&)>& write);

// How much of [offset, offset+length) of stored data is read at a time, so that nothing is verified twice.
uint64_t LengthAtOnce(uint64_t offset, uint64_t length);

// A safetensors file whose data lies somewhere: its first bytes, then what `data` reads of stored data.
std::string SafetensorsPrefix(const std::vector<storage::StoredTensor>& tensors,
                              const std::map<std::string, std::string>& metadata);
ReadBytes ReadAfterPrefix(std::string prefix, ReadBytes data);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_FILE_CHUNKS_H_

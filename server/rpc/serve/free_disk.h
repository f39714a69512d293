#ifndef SUMSCOPE_SERVER_RPC_SERVE_FREE_DISK_H_
#define SUMSCOPE_SERVER_RPC_SERVE_FREE_DISK_H_

#include <cstdint>
#include <string>

namespace sumscope::rpc {

// What is left of the disk that holds `directory`, for a user who is not root; 0 where that cannot be known.
uint64_t FreeDiskBytes(const std::string& directory);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_FREE_DISK_H_

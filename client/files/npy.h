#ifndef SUMSCOPE_CLIENT_FILES_NPY_H_
#define SUMSCOPE_CLIENT_FILES_NPY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::client {

// What stands before the bytes of a tensor in a .npy file (version 1.0, row-major); `dtype` as safetensors names it.
// UNIMPLEMENTED DTYPE_NOT_IN_NPY for one that NumPy lacks.
absl::StatusOr<std::string> NpyHeader(absl::string_view dtype, const std::vector<uint64_t>& shape);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_FILES_NPY_H_

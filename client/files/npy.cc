#include "client/files/npy.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {

absl::StatusOr<std::string> NpyHeader(absl::string_view dtype, const std::vector<uint64_t>& shape) {
  static constexpr std::pair<absl::string_view, absl::string_view> kTypes[] = {
      {"F64", "<f8"}, {"F32", "<f4"}, {"F16", "<f2"}, {"I64", "<i8"}, {"I32", "<i4"},
      {"I16", "<i2"}, {"I8", "|i1"},  {"U8", "|u1"},  {"BOOL", "|b1"}};
  absl::string_view descr;
  for (const auto& [name, npy] : kTypes) {
    if (name == dtype) descr = npy;
  }
  if (descr.empty()) {
    return MakeError(absl::StatusCode::kUnimplemented, "DTYPE_NOT_IN_NPY",
                     absl::StrCat("NumPy's files have no ", dtype, "; export the capture as .safetensors instead"));
  }
  std::string header = absl::StrCat("{'descr': '", descr, "', 'fortran_order': False, 'shape': (",
                                    absl::StrJoin(shape, ", "), shape.size() == 1 ? ",), }" : "), }");
  constexpr size_t kAlignment = 64, kBeforeHeader = 10;  // magic, version, length
  header.append(kAlignment - 1 - (kBeforeHeader + header.size()) % kAlignment, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  return file + header;
}

}  // namespace sumscope::client

#ifndef SUMSCOPE_TESTS_SUPPORT_FAKE_NVML_FAKE_BOX_H_
#define SUMSCOPE_TESTS_SUPPORT_FAKE_NVML_FAKE_BOX_H_

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temp_directory.h"

namespace sumscope {

// A machine with GPUs, as tests/support/fake_nvml plays it: a copy of that library beside a state of its own.
class FakeBox {
 public:
  FakeBox() { std::filesystem::copy_file(SUMSCOPE_BINARY_DIR "/tests/fake_nvml/libnvidia-ml.so.1", library()); }

  std::string library() const { return folder_.path() + "/libnvidia-ml.so.1"; }
  // From the next call on; the lines are those of fake_nvml.cc.
  void Become(const std::string& lines) const {
    std::ofstream(folder_.path() + "/next") << lines;
    std::filesystem::rename(folder_.path() + "/next", folder_.path() + "/state.txt");
  }

 private:
  const TempDirectory folder_;
};

}  // namespace sumscope

#endif  // SUMSCOPE_TESTS_SUPPORT_FAKE_NVML_FAKE_BOX_H_

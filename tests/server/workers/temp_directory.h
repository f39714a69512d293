#ifndef SUMSCOPE_TESTS_SERVER_WORKERS_TEMP_DIRECTORY_H_
#define SUMSCOPE_TESTS_SERVER_WORKERS_TEMP_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "gtest/gtest.h"

namespace sumscope::workers {

// A folder that is removed with all it holds.
class TempDirectory {
 public:
  TempDirectory() : path_(testing::TempDir() + "sumscope-workers-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) abort();
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_TESTS_SERVER_WORKERS_TEMP_DIRECTORY_H_

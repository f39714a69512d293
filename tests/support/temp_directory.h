#ifndef SUMSCOPE_TESTS_SUPPORT_TEMP_DIRECTORY_H_
#define SUMSCOPE_TESTS_SUPPORT_TEMP_DIRECTORY_H_

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace sumscope {

// A new, empty folder with a short path (Unix sockets allow 107 bytes), gone with the object.
class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sumscope-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sumscope

#endif  // SUMSCOPE_TESTS_SUPPORT_TEMP_DIRECTORY_H_

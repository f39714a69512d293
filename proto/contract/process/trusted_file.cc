#include "proto/contract/process/trusted_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_format.h"

namespace sumscope {

std::string WhoElseWrites(const std::string& path) {
  struct stat about = {};
  if (stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return "";
  if (about.st_uid != geteuid() && about.st_uid != 0) return "another user's";
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) == 0) return "";
  return absl::StrFormat("open to others (mode 0%o)", about.st_mode & 0777);
}

}  // namespace sumscope

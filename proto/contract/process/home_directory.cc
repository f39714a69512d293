#include "proto/contract/process/home_directory.h"

#include <pwd.h>
#include <unistd.h>

namespace sumscope {

std::string HomeDirectory(const std::string& variable) {
  if (!variable.empty() && variable[0] == '/') return variable;
  const passwd* const entry = getpwuid(geteuid());
  const std::string home = entry == nullptr || entry->pw_dir == nullptr ? "" : entry->pw_dir;
  return !home.empty() && home[0] == '/' ? home : "";
}

}  // namespace sumscope

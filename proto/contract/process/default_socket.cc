#include "proto/contract/process/default_socket.h"

namespace sumscope {

std::vector<std::string> DefaultSocketPaths(const SocketEnvironment& environment) {
  std::vector<std::string> paths;
  if (!environment.xdg_runtime_dir.empty() && environment.xdg_runtime_dir[0] == '/')
    paths.push_back(environment.xdg_runtime_dir + "/sumscope.sock");
  paths.push_back("/run/sumscope/sumscope.sock");
  if (!environment.home.empty()) paths.push_back(environment.home + "/.local/state/sumscope/sumscope.sock");
  return paths;
}

}  // namespace sumscope

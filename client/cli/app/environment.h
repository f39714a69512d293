#ifndef SUMSCOPE_CLIENT_CLI_APP_ENVIRONMENT_H_
#define SUMSCOPE_CLIENT_CLI_APP_ENVIRONMENT_H_

#include <string>

namespace sumscope::client {

// Environment variables that the program heeds, "" where unset. Read in main.cc only.
struct Environment {
  std::string server;          // SUMSCOPE_SERVER
  std::string timeout;         // SUMSCOPE_TIMEOUT
  std::string context;         // SUMSCOPE_CONTEXT
  std::string output;          // SUMSCOPE_OUTPUT
  std::string ca;              // SUMSCOPE_CA
  std::string token_file;      // SUMSCOPE_TOKEN_FILE
  std::string certificate;     // SUMSCOPE_CERTIFICATE
  std::string key;             // SUMSCOPE_KEY
  std::string ssh;             // SUMSCOPE_SSH: a command in place of ssh, words split at blanks
  std::string ssh_connection;  // SSH_CONNECTION, of a command that ssh started: whence and where to
  std::string xdg_config_home;
  std::string xdg_runtime_dir;
  std::string home;  // HOME, or the home of the passwd entry
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_ENVIRONMENT_H_

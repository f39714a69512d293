#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_CONNECTION_OPTIONS_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_CONNECTION_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace sumscope::client {

// With what a client shows who it is, and knows the server. Paths of files, "" where there is none. Files are read
// again for each connection.
struct ServerCredentials {
  std::string ca;           // certificates that the server's is signed by; "": those that the system trusts
  std::string token_file;   // private
  std::string token;        // the text itself, where it is in no file yet
  std::string certificate;  // the client's own, with what it is signed by
  std::string key;          // of the certificate; private

  bool has_token() const { return !token_file.empty() || !token.empty(); }
  bool empty() const { return ca.empty() && !has_token() && certificate.empty() && key.empty(); }
};

struct ConnectionOptions {
  std::string address;  // unix:/path, ssh://[user@]host[:port] or host:port
  ServerCredentials credentials;
  std::vector<std::string> ssh = {"ssh"};              // the command in front of ssh's own arguments
  bool unattended = false;                             // nobody is there whom ssh could ask for a password
  absl::Duration timeout = absl::Seconds(30);          // of a call with its repeats, of a stream's connecting
  absl::Duration call_patience = absl::Seconds(30);    // how long a call waits for a server that was there before
  absl::Duration stream_patience = absl::Minutes(10);  // the same for streams, since they last moved
  absl::Duration first_patience = absl::Seconds(1);    // while the server has not yet answered once
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_CONNECTION_OPTIONS_H_

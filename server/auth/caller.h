#ifndef SUMSCOPE_SERVER_AUTH_CALLER_H_
#define SUMSCOPE_SERVER_AUTH_CALLER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "storage/catalog/actor.h"
#include "storage/catalog/viewer.h"

namespace sumscope::auth {

// What a caller may do, the least first; as v1::Role.
enum class Role { kViewer = 1, kMember = 2, kAdmin = 3 };

// What is known of one who is refused, for the audit: a user only where a good credential names them.
struct Refused {
  std::string user, credential;  // as in Caller
};

// Who makes a call.
struct Caller {
  std::string name;  // alice
  Role role = Role::kViewer;
  std::string credential;               // "local uid 1000", "certificate alice", "token laptop"
  std::string address;                  // of the peer: as in Peer
  std::string certificate;              // the name in it that names the user, if one was shown
  std::string token;                    // the id of the token that was shown, if one was
  std::optional<uint32_t> uid;          // of the local account that calls, where that is who the caller is
  std::optional<absl::Time> expires;    // when the credential does, the first of two
  bool unlimited = false;               // the server's own account, or root: they can end it anyway
  storage::CallAudit* audit = nullptr;  // of the call, where it has one
  // The run, the sweep that the road took the request to mean, when it looked whose it is: the handler must mean the
  // same.
  std::string asked_run, found_run;      // runs/r7, r7k2m9qa; empty where it did not look
  std::string asked_sweep, found_sweep;  // sweeps/s7, s7k2m9qa

  // On whose behalf the catalog is asked during the call, and changed.
  storage::Viewer viewer() const {
    return role == Role::kAdmin ? storage::Viewer::Admin(name) : storage::Viewer::User(name);
  }
  storage::Actor actor() const { return storage::Actor(viewer(), audit); }
};

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_CALLER_H_

#ifndef SUMSCOPE_SERVER_AUTH_CALLER_H_
#define SUMSCOPE_SERVER_AUTH_CALLER_H_

#include <string>

#include "storage/catalog/viewer.h"

namespace sumscope::auth {

// What a caller may do, the least first.
enum class Role {
  kOwner,  // everything
};

// Who makes a call.
struct Caller {
  std::string name;
  Role role = Role::kOwner;

  // On whose behalf the catalog is asked during the call.
  storage::Viewer viewer() const { return storage::Viewer::User(name); }
};

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_CALLER_H_

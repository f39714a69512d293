#ifndef SUMSCOPE_SERVER_AUTH_CALLER_H_
#define SUMSCOPE_SERVER_AUTH_CALLER_H_

#include <string>

namespace sumscope::auth {

// What a caller may do, the least first.
enum class Role {
  kOwner,  // everything
};

// Who makes a call.
struct Caller {
  std::string name;
  Role role = Role::kOwner;
};

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_CALLER_H_

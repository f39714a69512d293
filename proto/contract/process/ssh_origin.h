#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_SSH_ORIGIN_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_SSH_ORIGIN_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace sumscope {

// How the far end of ssh tells the local server from where its user came: by the abstract name of its own socket,
// "sumscope-ssh/10.0.0.5/1234". Whoever may use the socket can claim any address: it is for people to read, not to
// decide by.

// The name, without the NUL byte that makes it abstract; "" where `client_address` is none that SshClientOf gives.
// `unique` tells those apart that come from one address.
std::string SshSocketName(absl::string_view client_address, absl::string_view unique);

// The address within the abstract name of a peer's socket; nullopt where that is no name of SshSocketName. At most 64
// characters of [0-9A-Fa-f.:%].
std::optional<std::string> SshClientOf(absl::string_view name);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_SSH_ORIGIN_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_ADDRESS_NETWORK_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_ADDRESS_NETWORK_H_

#include <string>

namespace sumscope {

// What an IP address counts for where callers are counted: of IPv6 its network of 64 bits, "2001:db8:1:2::/64", within
// which a machine takes addresses as it likes; any other text is returned as it is. A scope ("%2") is none of it.
std::string NetworkOf(const std::string& address);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_ADDRESS_NETWORK_H_

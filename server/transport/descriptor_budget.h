#ifndef SUMSCOPE_SERVER_TRANSPORT_DESCRIPTOR_BUDGET_H_
#define SUMSCOPE_SERVER_TRANSPORT_DESCRIPTOR_BUDGET_H_

#include <cstddef>
#include <cstdint>

namespace sumscope::transport {

// How the descriptors that a process may have are divided. The kernel gives the lowest free number, so connections are
// moved up to numbers of their own, and what lies below them stays for databases, pipes, logs and workers.
struct DescriptorBudget {
  uint64_t limit = 0;        // RLIMIT_NOFILE
  int first_connection = 0;  // the lowest number that a client's connection may have
  size_t connections = 0;    // of clients, at once
};

// A quarter of a small limit goes to connections; of a large one all but the reserve, up to their own maximum.
DescriptorBudget DivideDescriptors(uint64_t limit);

// Raises this process's soft limit as far as its hard one allows, and as far as it is of use; divides what there is.
DescriptorBudget RaiseDescriptorLimit();

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_DESCRIPTOR_BUDGET_H_

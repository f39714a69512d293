#include "proto/contract/process/heeded_signals.h"

namespace sumscope {

sigset_t BlockHeededSignals(std::initializer_list<int> signals) {
  sigset_t heeded;
  sigemptyset(&heeded);
  for (const int number : signals) {
    struct sigaction action = {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&heeded, number);
  }
  pthread_sigmask(SIG_BLOCK, &heeded, nullptr);
  return heeded;
}

}  // namespace sumscope

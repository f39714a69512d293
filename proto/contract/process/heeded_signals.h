#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_HEEDED_SIGNALS_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_HEEDED_SIGNALS_H_

#include <signal.h>

#include <initializer_list>

namespace sumscope {

// Blocks those of `signals` that this process was not told to ignore when it was started, and returns them, for
// sigwait. What is ignored stays so: nohup says with SIGHUP, and a script with SIGINT of what it puts into its
// background, that the end of a terminal is not this process's. Call it before the first thread.
sigset_t BlockHeededSignals(std::initializer_list<int> signals);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_HEEDED_SIGNALS_H_

#ifndef SUMSCOPE_SERVER_DEVICES_PROCESSES_H_
#define SUMSCOPE_SERVER_DEVICES_PROCESSES_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace sumscope::devices {

// The user that a process of this machine runs as: a name, "uid-1005" without one, "" where /proc hides it. nullopt:
// there is no such process, or it lives in another PID name space, where its number means nothing here.
std::optional<std::string> OwnerOfProcess(int64_t pid);

// Whether `pid` is `ancestor` or comes from it by any number of forks. False where /proc does not say.
bool IsDescendant(int64_t pid, int64_t ancestor);

}  // namespace sumscope::devices

#endif  // SUMSCOPE_SERVER_DEVICES_PROCESSES_H_

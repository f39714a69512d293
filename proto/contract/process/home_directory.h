#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_HOME_DIRECTORY_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_HOME_DIRECTORY_H_

#include <string>

namespace sumscope {

// The user's home: `variable` ($HOME) where it is an absolute path, else that of the user's passwd entry (services,
// cron and build machines often start without the variable); "" where there is neither.
std::string HomeDirectory(const std::string& variable);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_HOME_DIRECTORY_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_TRUSTED_FILE_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_TRUSTED_FILE_H_

#include <string>

namespace sumscope {

// Who else can write the regular file at `path`, for a message: "another user's", "open to others (mode 0666)"; ""
// where it is this user's or root's and neither its group nor others may write it, and for what is no regular file.
std::string WhoElseWrites(const std::string& path);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_TRUSTED_FILE_H_

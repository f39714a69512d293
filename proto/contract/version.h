#ifndef SUMSCOPE_PROTO_CONTRACT_VERSION_H_
#define SUMSCOPE_PROTO_CONTRACT_VERSION_H_

namespace sumscope {

// What this code is: 0.1.0, the git commit it was built from (or "unknown"), compiler and build type.
extern const char kVersion[];
extern const char kGitHash[];
extern const char kBuild[];

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_VERSION_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_STANDARD_DESCRIPTORS_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_STANDARD_DESCRIPTORS_H_

namespace sumscope {

// Fills those of the descriptors 0, 1 and 2 that this process was started without, so that no file or socket gets one
// of these numbers and is then read or written as if it were a standard stream. Using one fails with EBADF, as without
// it. A program whose main calls this has it done already before the constructors of its libraries, where gRPC opens
// one.
void FillStandardDescriptors();

// Was the standard input closed when the process started?
bool StandardInputIsClosed();

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_STANDARD_DESCRIPTORS_H_

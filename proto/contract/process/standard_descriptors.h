#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_STANDARD_DESCRIPTORS_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_STANDARD_DESCRIPTORS_H_

namespace sumscope {

// Fills those of the descriptors 0, 1 and 2 that this process was started without, so that no file or socket gets one
// of these numbers and is then read or written as if it were a standard stream. Using one fails with EBADF, as without
// it.
//
// Every program that links this file has it done, whether it calls this or not, before the constructors of its
// libraries, where gRPC opens a descriptor: the loader is told so in .preinit_array, which programs alone have. The
// file can therefore not be linked into a shared library; linkers refuse it.
void FillStandardDescriptors();

// Was the standard input closed when the process started?
bool StandardInputIsClosed();

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_STANDARD_DESCRIPTORS_H_

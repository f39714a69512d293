#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_FILE_DESCRIPTOR_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_FILE_DESCRIPTOR_H_

#include <utility>

namespace sumscope {

// Owns a file descriptor, or none: after Close, Release or a move. Thread-compatible.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  // Closes what it owned.
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // What close(2) says.
  int Close();
  // The caller owns it from here on.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_FILE_DESCRIPTOR_H_

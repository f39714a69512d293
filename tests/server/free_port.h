#ifndef SUMSCOPE_TESTS_SERVER_FREE_PORT_H_
#define SUMSCOPE_TESTS_SERVER_FREE_PORT_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "proto/contract/process/file_descriptor.h"

namespace sumscope {

// A port of 127.0.0.1 that was free a moment ago.
inline int FreePort() {
  const FileDescriptor probe(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(name);
  EXPECT_EQ(bind(probe.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
  EXPECT_EQ(getsockname(probe.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
  return ntohs(name.sin_port);
}

}  // namespace sumscope

#endif  // SUMSCOPE_TESTS_SERVER_FREE_PORT_H_

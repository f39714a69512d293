// What a process is started with, home, ignored signals and where its server is, and what it opens.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <utility>

#include "proto/contract/process/default_socket.h"
#include "proto/contract/process/file_descriptor.h"
#include "proto/contract/process/grpc_address.h"
#include "proto/contract/process/heeded_signals.h"
#include "proto/contract/process/home_directory.h"
#include "proto/contract/process/ssh_origin.h"
#include "proto/contract/process/unix_connect.h"
#include "tests/support/temp_directory.h"

namespace sumscope {
namespace {

TEST(HomeDirectory_Test, GivenNoAbsolutePathThenThatOfThePasswdEntry) {
  EXPECT_EQ(HomeDirectory("/home/x"), "/home/x");
  const passwd* const entry = getpwuid(geteuid());
  ASSERT_NE(entry, nullptr);
  const std::string home = entry->pw_dir;
  EXPECT_EQ(HomeDirectory(""), home);
  EXPECT_EQ(HomeDirectory("relative"), home);
}

// nohup and scripts' backgrounds ignore signals for what they start; taken all the same, they ended it.
TEST(HeededSignals_Test, GivenIgnoredSignalThenItIsNotTaken) {
  const auto old = signal(SIGHUP, SIG_IGN);
  const sigset_t heeded = BlockHeededSignals({SIGHUP, SIGUSR2});
  signal(SIGHUP, old);
  EXPECT_EQ(sigismember(&heeded, SIGHUP), 0);
  EXPECT_EQ(sigismember(&heeded, SIGUSR2), 1);
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGHUP), 0);
  EXPECT_EQ(sigismember(&blocked, SIGUSR2), 1);
  pthread_sigmask(SIG_UNBLOCK, &heeded, nullptr);
}

TEST(DefaultSocketPaths_Test, HomeComesLast) {
  EXPECT_EQ(DefaultSocketPaths({"/run/user/1", "/home/x"}),
            (std::vector<std::string>{"/run/user/1/sumscope.sock", "/run/sumscope/sumscope.sock",
                                      "/home/x/.local/state/sumscope/sumscope.sock"}));
  EXPECT_EQ(DefaultSocketPaths({"relative", ""}), std::vector<std::string>{"/run/sumscope/sumscope.sock"});
}

TEST(GrpcAddress_Test, PathsAreEscapedHostsAreNot) {
  EXPECT_EQ(GrpcAddress("unix:/a-b/c_d.~"), "unix:/a-b/c_d.~");
  EXPECT_EQ(GrpcAddress("unix:/a#b?c%41 \xc3\xa9"), "unix:/a%23b%3fc%2541%20%c3%a9");
  EXPECT_EQ(GrpcAddress("[::1]:80"), "[::1]:80");
}

TEST(SshOrigin_Test, GivenAnAddressThenItIsFoundInTheNameOfTheSocket) {
  EXPECT_EQ(SshSocketName("10.0.0.5", "77"), "sumscope-ssh/10.0.0.5/77");
  for (const char* address : {"10.0.0.5", "::1", "fe80::1%0", "::ffff:10.0.0.5"}) {
    EXPECT_EQ(SshClientOf(SshSocketName(address, "77")), address);
  }
}

TEST(SshOrigin_Test, GivenNoAddressThenNoneIsTold) {
  for (const std::string& address : {std::string(), std::string("a host"), std::string(65, '1')}) {
    EXPECT_EQ(SshSocketName(address, "77"), "");
    EXPECT_EQ(SshClientOf("sumscope-ssh/" + address + "/77"), std::nullopt);
  }
  EXPECT_EQ(SshSocketName("1/2", "77"), "");
  for (const char* name : {"", "sumscope-ssh", "sumscope-ssh/10.0.0.5", "other/10.0.0.5/1"}) {
    EXPECT_EQ(SshClientOf(name), std::nullopt);
  }
}

TEST(ConnectUnix_Test, GivenANameThenThePeerIsKnownByIt) {
  const TempDirectory directory;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  directory.path().copy(address.sun_path, sizeof(address.sun_path) - 1);
  std::strcat(address.sun_path, "/s");
  const FileDescriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  const std::string name = SshSocketName("10.0.0.5", std::to_string(getpid()));
  FileDescriptor connection;
  ASSERT_EQ(ConnectUnix(directory.path() + "/s", &connection, name), 0);
  sockaddr_un peer = {};
  socklen_t size = sizeof(peer);
  const FileDescriptor accepted(accept(listener.get(), reinterpret_cast<sockaddr*>(&peer), &size));
  ASSERT_TRUE(accepted.valid());
  EXPECT_EQ(peer.sun_path[0], '\0');
  EXPECT_EQ(std::string(peer.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1), name);
  FileDescriptor other;
  EXPECT_EQ(ConnectUnix(directory.path() + "/s", &other, name), 0) << "a name that is taken is done without";
}

FileDescriptor OpenNull() { return FileDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }
bool IsOpen(int descriptor) { return fcntl(descriptor, F_GETFD) >= 0; }

TEST(FileDescriptor_Test, WhenItGoesThenItsDescriptorIsClosed) {
  int number = -1;
  {
    const FileDescriptor descriptor = OpenNull();
    number = descriptor.get();
    EXPECT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(FileDescriptor_Test, WhenAnotherIsMovedIntoItThenWhatItOwnedIsClosedAtOnce) {
  FileDescriptor descriptor = OpenNull(), other = OpenNull();
  const int before = descriptor.get(), after = other.get();
  descriptor = std::move(other);
  EXPECT_EQ(descriptor.get(), after);
  EXPECT_TRUE(IsOpen(after));
  EXPECT_FALSE(IsOpen(before));
}

TEST(FileDescriptor_Test, ReleasedThenItIsTheCallersClosedThenItIsGone) {
  FileDescriptor descriptor = OpenNull();
  const int number = descriptor.Release();
  EXPECT_FALSE(descriptor.valid());
  EXPECT_TRUE(IsOpen(number));
  descriptor = FileDescriptor(number);
  EXPECT_EQ(descriptor.Close(), 0);
  EXPECT_FALSE(descriptor.valid());
  EXPECT_FALSE(IsOpen(number));
  EXPECT_NE(descriptor.Close(), 0) << "it owns none";
}

}  // namespace
}  // namespace sumscope

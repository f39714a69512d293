#include "client/connection/ways/ssh/ssh_way.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/connection/ways/channel_arguments.h"
#include "client/connection/ways/ssh/ssh_process.h"
#include "grpcpp/create_channel_posix.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

constexpr int kOfSshItself = 255, kNotFound = 127;    // exit statuses
constexpr absl::Duration kEnding = absl::Seconds(1);  // of a process whose stream has ended

// The last lines of what was said, as one.
std::string OneLine(absl::string_view words) {
  constexpr size_t kMostLines = 8;
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(words, absl::ByAnyChar("\r\n"), absl::SkipWhitespace())) {
    lines.emplace_back(absl::StripAsciiWhitespace(line));
  }
  if (lines.size() > kMostLines) lines.erase(lines.begin(), lines.end() - kMostLines);
  return absl::StrJoin(lines, "; ");
}

// Whether `size` bytes can be the beginning of a frame of HTTP/2 settings, with which a server begins.
bool CanBeServer(const unsigned char* bytes, size_t size) {
  constexpr unsigned char kSettings = 4;
  for (size_t i = 0; i < size; ++i) {
    if (i == 1 || i == 2 || i == 4) continue;  // the rest of its length, and its flags
    if (bytes[i] != (i == 3 ? kSettings : 0)) return false;
  }
  return true;
}

class SshWay final : public Way {
 public:
  SshWay(const ConnectionOptions& options, Address address, const Cancellation* cancellation)
      : options_(options), address_(std::move(address)), cancellation_(cancellation) {}

  absl::StatusOr<std::shared_ptr<grpc::Channel>> Open(absl::Duration timeout) override {
    process_.reset();  // one at a time
    absl::StatusOr<std::unique_ptr<SshProcess>> started = SshProcess::Start(SshCommand(options_, address_));
    if (!started.ok()) {
      return Failed(absl::StrCat(started.status().message(), "; install ssh, or name another with SUMSCOPE_SSH"));
    }
    process_ = *std::move(started);
    SUMSCOPE_RETURN_IF_ERROR(AwaitServer(absl::Now() + timeout));
    const int copy = fcntl(process_->stream(), F_DUPFD_CLOEXEC, 0);  // the channel's own
    if (copy < 0) return absl::ErrnoToStatus(errno, "cannot duplicate a descriptor");
    return grpc::CreateCustomInsecureChannelFromFd("sumscope", copy,
                                                   MakeChannelArguments(options_.timeout, /*elsewhere=*/true));
  }

  bool tells_state() const override { return false; }

  absl::Status WhyLost() override {
    if (process_ == nullptr) return absl::OkStatus();
    const std::optional<int> end = process_->WaitForEnd(kEnding);
    return !end || *end == 0 ? absl::OkStatus() : Ended(*end);
  }

 private:
  // Until the server's first bytes are there to be read, and leaves them there. A person may be asked for a password
  // meanwhile.
  absl::Status AwaitServer(absl::Time end) {
    constexpr int kLookMs = 100;  // for Ctrl-C
    constexpr int kFrame = 9;     // bytes of its header
    while (!cancellation_->cancelled()) {
      if (absl::Now() >= end) return absl::DeadlineExceededError("nothing was heard through ssh");
      pollfd entry = {process_->stream(), POLLIN, 0};
      if (poll(&entry, 1, kLookMs) <= 0) continue;
      unsigned char begun[kFrame];
      const ssize_t got = recv(process_->stream(), begun, sizeof(begun), MSG_PEEK);
      if (got > 0 && !CanBeServer(begun, static_cast<size_t>(got))) return Strange();
      if (got == kFrame) return absl::OkStatus();
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return EndedEarly();
      if ((entry.revents & POLLHUP) != 0) return Strange();  // these few bytes were all
      poll(nullptr, 0, /*timeout=*/1);                       // part of a frame: the rest is on its way
    }
    return absl::CancelledError("interrupted");
  }

  absl::Status EndedEarly() {
    const std::optional<int> end = process_->WaitForEnd(kEnding);
    if (end) return Ended(*end);
    return Failed(absl::StrCat("ssh closed its output: ", OneLine(process_->Words())));
  }

  absl::Status Ended(int status) {
    const std::string words = OneLine(process_->Words());
    const std::string said = words.empty() ? "it said nothing; try the same by hand" : words;
    if (!WIFEXITED(status)) return Failed(absl::StrCat("ssh was ended by signal ", WTERMSIG(status), ": ", said));
    const int code = WEXITSTATUS(status);
    const std::string exit = absl::StrCat(" (exit status ", code, "): ", said);
    if (code == kOfSshItself) return Failed(absl::StrCat("ssh itself failed", exit));
    if (code == kNotFound) {
      return Failed(absl::StrCat("there is no sumscope over there, or not in the PATH of commands over ssh", exit));
    }
    return Failed(absl::StrCat("sumscope dial-stdio failed over there", exit));
  }

  // Output of a shell's start-up files, of an old client.
  absl::Status Strange() {
    char bytes[256];
    const ssize_t got = recv(process_->stream(), bytes, sizeof(bytes), 0);
    const absl::string_view text(bytes, got > 0 ? static_cast<size_t>(got) : 0);
    return Failed(
        absl::StrCat("something else than a server speaks there: ", Quote(text),
                     ". If a start-up file of the shell prints it, it must not where nobody is at a terminal"));
  }

  absl::Status Failed(absl::string_view why) const {
    return MakeError(absl::StatusCode::kUnavailable, "SSH_FAILED", absl::StrCat(options_.address, ": ", why));
  }

  const ConnectionOptions options_;
  const Address address_;
  const Cancellation* const cancellation_;
  std::unique_ptr<SshProcess> process_;
};

}  // namespace

std::vector<std::string> SshCommand(const ConnectionOptions& options, const Address& address) {
  std::vector<std::string> command = options.ssh;
  command.push_back("-T");  // no terminal over there: it would change bytes
  if (options.unattended) command.insert(command.end(), {"-o", "BatchMode=yes"});
  if (address.port != 0) command.insert(command.end(), {"-p", absl::StrCat(address.port)});
  const std::string login = absl::StrCat(address.user, address.user.empty() ? "" : "@", address.host);
  command.insert(command.end(), {"--", login, "sumscope", "dial-stdio"});
  return command;
}

std::unique_ptr<Way> MakeSshWay(const ConnectionOptions& options, const Address& address,
                                const Cancellation* cancellation) {
  return std::make_unique<SshWay>(options, address, cancellation);
}

}  // namespace sumscope::client

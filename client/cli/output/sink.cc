#include "client/cli/output/sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors.h"

namespace sumscope::client {
namespace {

absl::Status OutputFailed(absl::string_view where, absl::string_view why) {
  return MakeError(absl::StatusCode::kInternal, "OUTPUT_FAILED", absl::StrCat("cannot write ", where, ": ", why));
}

class StreamSink : public Sink {
 public:
  explicit StreamSink(std::ostream* out) : out_(out) {}
  absl::Status Write(absl::string_view bytes) override {
    out_->write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return Check();
  }
  absl::Status Commit() override {
    out_->flush();
    return Check();
  }

 private:
  absl::Status Check() const {
    return *out_ ? absl::OkStatus() : OutputFailed("the standard output", "it is closed or full");
  }
  std::ostream* const out_;
};

class FileSink : public Sink {
 public:
  FileSink(std::string path, std::string temporary, int descriptor)
      : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

  ~FileSink() override {
    if (descriptor_ < 0) return;
    close(descriptor_);
    unlink(temporary_.c_str());
  }

  absl::Status Write(absl::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return OutputFailed(path_, std::strerror(errno));
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Commit() override {
    // mkstemp made it private; a result gets the mode that the user's files get.
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(descriptor_, 0666 & ~mask) != 0 || fsync(descriptor_) != 0 ||
        std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      return OutputFailed(path_, std::strerror(errno));
    }
    close(std::exchange(descriptor_, -1));
    return absl::OkStatus();
  }

 private:
  const std::string path_, temporary_;
  int descriptor_;
};

}  // namespace

std::unique_ptr<Sink> MakeStreamSink(std::ostream* out) { return std::make_unique<StreamSink>(out); }

absl::StatusOr<std::unique_ptr<Sink>> MakeFileSink(const std::string& path) {
  struct stat existing = {};
  if (stat(path.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode)) {
    return OutputFailed(path, "it is there and no regular file");
  }
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return OutputFailed(path, std::strerror(errno));
  return std::make_unique<FileSink>(path, temporary, descriptor);
}

}  // namespace sumscope::client

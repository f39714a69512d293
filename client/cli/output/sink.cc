#include "client/cli/output/sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/files/output_place.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

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

// A device, a pipe, a descriptor: nothing to make whole.
class PlainSink : public Sink {
 public:
  PlainSink(std::string path, FileDescriptor descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}
  absl::Status Write(absl::string_view bytes) override { return WriteAll(descriptor_.get(), bytes, path_); }
  absl::Status Commit() override {
    return descriptor_.Close() == 0 ? absl::OkStatus() : OutputFailed(path_, std::strerror(errno));
  }

 private:
  const std::string path_;
  FileDescriptor descriptor_;
};

class FileSink : public Sink {
 public:
  FileSink(OutputPlace place, std::string temporary, FileDescriptor descriptor)
      : place_(std::move(place)), temporary_(std::move(temporary)), descriptor_(std::move(descriptor)) {}

  ~FileSink() override {
    if (descriptor_.valid()) unlink(temporary_.c_str());
  }

  absl::Status Write(absl::string_view bytes) override { return WriteAll(descriptor_.get(), bytes, place_.path); }

  absl::Status Commit() override {
    // mkstemp made it private; a new result gets the mode that the user's files get.
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(descriptor_.get(), 0666 & ~mask) != 0) return OutputFailed(place_.path, std::strerror(errno));
    SUMSCOPE_RETURN_IF_ERROR(PutInPlace(place_, descriptor_.get(), temporary_));
    (void)descriptor_.Close();
    return absl::OkStatus();
  }

 private:
  const OutputPlace place_;
  const std::string temporary_;
  FileDescriptor descriptor_;
};

}  // namespace

std::unique_ptr<Sink> MakeStreamSink(std::ostream* out) { return std::make_unique<StreamSink>(out); }

absl::StatusOr<std::unique_ptr<Sink>> MakeFileSink(const std::string& path, Sleeper* sleeper) {
  SUMSCOPE_ASSIGN_OR_RETURN(OutputPlace place, FindOutputPlace(path));
  if (place.plain) {
    SUMSCOPE_ASSIGN_OR_RETURN(FileDescriptor plain, OpenPlain(place, sleeper));
    return std::make_unique<PlainSink>(path, std::move(plain));
  }
  std::string temporary = absl::StrCat(place.path, ".XXXXXX");
  FileDescriptor descriptor(mkostemp(temporary.data(), O_CLOEXEC));
  if (!descriptor.valid()) return OutputFailed(path, std::strerror(errno));
  return std::make_unique<FileSink>(std::move(place), temporary, std::move(descriptor));
}

}  // namespace sumscope::client

#include "server/workers/launch/local/worker_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/contract/text/utf8.h"

namespace sumscope::workers {
namespace {

constexpr off_t kLogTailBytes = 2048;
constexpr size_t kLogTailLines = 5;

}  // namespace

void WorkerLog::Bound() {
  struct stat info;
  if (fstat(file_.get(), &info) < 0 || info.st_size <= kMaxLogBytes) return;
  // The worker appends: its next line is the first of the file. Failing costs space only, and is tried again.
  if (ftruncate(file_.get(), 0) == 0) start_ = 0;
}

std::string WorkerLog::Tail() const {
  const off_t size = lseek(file_.get(), 0, SEEK_END);
  const off_t start = std::max(start_, size - kLogTailBytes);
  if (size <= start) return "";
  std::string text(static_cast<size_t>(size - start), '\0');
  const ssize_t got = pread(file_.get(), text.data(), text.size(), start);
  text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipWhitespace());
  if (start > start_ && lines.size() > 1) lines.erase(lines.begin());  // begins amid a line
  if (lines.size() > kLogTailLines) lines.erase(lines.begin(), lines.end() - kLogTailLines);
  return ReplaceInvalidUtf8(absl::StrJoin(lines, "\n"));
}

}  // namespace sumscope::workers

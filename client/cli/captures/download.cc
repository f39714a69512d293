#include "client/cli/captures/download.h"

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/progress.h"
#include "client/partial_file.h"
#include "proto/contract/base/status_macros.h"

namespace sumscope::client {
namespace {

// Feeds what is there already to `hash` and says how much of it is: nothing where the file starts differently or is
// too long, which clears it.
absl::StatusOr<uint64_t> TakeEarlier(const Download& download, PartialFile* file, Sha256* hash) {
  const uint64_t prefix_bytes = download.prefix.size();
  std::string start;
  SUMSCOPE_RETURN_IF_ERROR(file->Read([&](absl::string_view bytes) {
    const size_t missing = static_cast<size_t>(prefix_bytes) - start.size();
    absl::StrAppend(&start, bytes.substr(0, missing));
    hash->Update(bytes.size() > missing ? bytes.substr(missing) : absl::string_view());
  }));
  const uint64_t earlier = file->size() < prefix_bytes ? 0 : file->size() - prefix_bytes;
  const bool usable = file->size() >= prefix_bytes && start == download.prefix &&
                      (download.total_bytes == 0 || earlier <= download.total_bytes);
  if (file->size() > 0 && usable) return earlier;
  SUMSCOPE_RETURN_IF_ERROR(file->Clear());
  SUMSCOPE_RETURN_IF_ERROR(file->Write(download.prefix));
  return 0;
}

absl::Status Receive(Session& session, const Download& download, PartialFile* file) {
  auto hash = std::make_unique<Sha256>();
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t earlier, TakeEarlier(download, file, hash.get()));
  if (earlier == 0) hash = std::make_unique<Sha256>();  // a cleared file's bytes are forgotten
  if (earlier > 0) session.Note(absl::StrCat("going on after ", FormatBytes(earlier)));
  Progress progress(&session.terminal(), &session.clock(), download.label, session.output().quiet);
  uint64_t received = earlier;
  return download.receive(earlier, hash.get(), [&](absl::string_view bytes) {
    received += bytes.size();
    if (session.terminal().err_is_terminal && download.total_bytes > 0) {
      progress.Update({static_cast<double>(received) / static_cast<double>(download.total_bytes),
                       absl::StrCat(FormatBytes(received), " of ", FormatBytes(download.total_bytes)), ""});
    }
    return file->Write(bytes);
  });
}

}  // namespace

absl::Status RunDownload(Session& session, const Download& download) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<PartialFile> file, PartialFile::Open(download.path, download.key));
  absl::Status status = Receive(session, download, file.get());
  if (absl::IsOutOfRange(status)) {
    // More than the server has: the earlier bytes are of something else.
    SUMSCOPE_RETURN_IF_ERROR(file->Clear());
    status = Receive(session, download, file.get());
  }
  if (status.ok()) return file->Commit();
  if (absl::IsDataLoss(status) || absl::IsNotFound(status) || file->size() <= download.prefix.size()) {
    file->Remove();
  } else {
    session.Note(absl::StrCat("kept ", file->partial_path(), ": the same command goes on from there"));
  }
  return status;
}

std::string DownloadPath(const Session& session, absl::string_view name) {
  if (!session.output().file.empty()) return session.output().file;
  std::string path(name);
  for (char& c : path) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '_') c = '_';
  }
  if (path.front() == '.' || path.front() == '-') path.front() = '_';
  return path;
}

}  // namespace sumscope::client

#include "client/cli/captures/download.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/progress.h"
#include "client/files/output_place.h"
#include "client/files/partial_file.h"
#include "proto/contract/errors/status_macros.h"

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

// Counts what arrives for a progress bar.
class Arrivals {
 public:
  Arrivals(Session& session, const Download& download, uint64_t earlier)
      : on_terminal_(session.terminal().err_is_terminal),
        total_(download.total_bytes),
        received_(earlier),
        progress_(&session.terminal(), &session.clock(), download.label, session.output().quiet) {}

  void Add(size_t bytes) {
    received_ += bytes;
    if (!on_terminal_ || total_ == 0) return;
    progress_.Update({static_cast<double>(received_) / static_cast<double>(total_),
                      absl::StrCat(FormatBytes(received_), " of ", FormatBytes(total_)), ""});
  }

 private:
  const bool on_terminal_;
  const uint64_t total_;
  uint64_t received_;
  Progress progress_;
};

// Where nothing can stay half done for a later attempt: the standard output, a pipe, a device.
absl::Status ReceivePlainly(Session& session, const Download& download) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSinkForBytes(download.example));
  SUMSCOPE_RETURN_IF_ERROR(sink->Write(download.prefix));
  {
    Arrivals arrivals(session, download, 0);
    Sha256 hash;
    SUMSCOPE_RETURN_IF_ERROR(download.receive(0, &hash, [&](absl::string_view bytes) {
      arrivals.Add(bytes.size());
      return sink->Write(bytes);
    }));
  }
  return sink->Commit();
}

absl::Status Receive(Session& session, const Download& download, PartialFile* file) {
  auto hash = std::make_unique<Sha256>();
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t earlier, TakeEarlier(download, file, hash.get()));
  if (earlier == 0) hash = std::make_unique<Sha256>();  // a cleared file's bytes are forgotten
  if (earlier > 0) session.Note(absl::StrCat("going on after ", FormatBytes(earlier)));
  Arrivals arrivals(session, download, earlier);
  return download.receive(earlier, hash.get(), [&](absl::string_view bytes) {
    arrivals.Add(bytes.size());
    return file->Write(bytes);
  });
}

}  // namespace

absl::Status RunDownload(Session& session, const Download& download) {
  const std::string& path = session.output().file;
  if (path.empty()) return ReceivePlainly(session, download);
  SUMSCOPE_ASSIGN_OR_RETURN(const OutputPlace place, FindOutputPlace(path));
  if (place.plain) return ReceivePlainly(session, download);
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<PartialFile> file, PartialFile::Open(place, download.key));
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

std::string WroteWhat(const Session& session, absl::string_view what) {
  const std::string& path = session.output().file;
  return path.empty() ? absl::StrCat("wrote ", what) : absl::StrCat("wrote ", path, ": ", what);
}

}  // namespace sumscope::client

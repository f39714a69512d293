#include "storage/sqlite/files/held_file.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::storage {

HeldFile::Place HeldFile::LookFor(const FileId& id, const std::string& path) {
  const absl::StatusOr<std::optional<FileId>> there = FileIdOf(path);
  if (!there.ok()) return Place::kInPlace;
  if (!there->has_value()) return Place::kGone;
  return **there == id ? Place::kInPlace : Place::kReplaced;
}

void HeldFile::NoteBeside(const std::string& found) {
  for (const char* suffix : {"-wal", "-shm"}) {
    const std::string path = absl::StrCat(found, suffix);
    const absl::StatusOr<std::optional<FileId>> there = FileIdOf(path);
    if (there.ok() && there->has_value()) beside_.insert_or_assign(path, **there);
  }
}

absl::Status HeldFile::RemoveBeside(Env* env) const {
  for (const auto& [path, id] : beside_) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<FileId> there, FileIdOf(path));
    if (there != id) continue;
    SUMSCOPE_RETURN_IF_ERROR(env->RemoveFile(path));
    SUMSCOPE_RETURN_IF_ERROR(env->FsyncDirectory(DirectoryOf(path)));
  }
  return absl::OkStatus();
}

}  // namespace sumscope::storage

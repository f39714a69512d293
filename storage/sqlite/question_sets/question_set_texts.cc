#include "storage/sqlite/question_sets/question_set_texts.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/sha256.h"
#include "storage/sqlite/files/files.h"

namespace sumscope::storage {
namespace {

constexpr size_t kSha256Length = 64;

// What may become a file name.
bool IsHash(const std::string& sha256) {
  return sha256.size() == kSha256Length && sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
}

absl::Status NoText(const std::string& sha256) {
  return MakeError(absl::StatusCode::kNotFound, "QUESTION_SET_NOT_FOUND",
                   absl::StrCat("there is no text of question set ", Quote(sha256), "; upload it again"));
}

absl::Status CheckHash(const std::string& sha256, absl::string_view text) {
  if (IsHash(sha256) && Sha256Hex(text) == sha256) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "QUESTION_SET_CORRUPT",
                   absl::StrCat(Quote(sha256), " is not the SHA-256 of the text"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileQuestionSetTexts>> FileQuestionSetTexts::Open(const std::string& directory, Env* env,
                                                                                 std::vector<std::string>* notes) {
  SUMSCOPE_RETURN_IF_ERROR(env->MakeDirectory(directory));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> names, env->ListDirectory(directory));
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".tmp")) continue;
    const absl::Status removed = env->RemoveFile(absl::StrCat(directory, "/", name));
    if (!removed.ok()) notes->push_back(LeftAlone(removed));
  }
  return std::unique_ptr<FileQuestionSetTexts>(new FileQuestionSetTexts(directory, env));
}

absl::Status FileQuestionSetTexts::Put(const std::string& sha256, absl::string_view text) {
  SUMSCOPE_RETURN_IF_ERROR(CheckHash(sha256, text));
  MutexLock lock(&writer_mutex_);
  if (Get(sha256).ok()) return absl::OkStatus();  // a damaged one is replaced
  return env_->WriteFileDurably(PathOf(sha256), text);
}

absl::StatusOr<std::string> FileQuestionSetTexts::Get(const std::string& sha256) {
  if (!IsHash(sha256)) return NoText(sha256);
  SUMSCOPE_ASSIGN_OR_RETURN(const bool there, FileExists(PathOf(sha256)));
  if (!there) return NoText(sha256);
  if (const auto kind = IrregularKindOf(PathOf(sha256)); kind.has_value()) {
    return MakeError(absl::StatusCode::kDataLoss, "QUESTION_SET_CORRUPT",
                     absl::StrCat(PathOf(sha256), " is ", *kind, " and no file; upload the same text again"));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(std::string text, env_->ReadFile(PathOf(sha256)));
  if (Sha256Hex(text) == sha256) return text;
  return MakeError(
      absl::StatusCode::kDataLoss, "QUESTION_SET_CORRUPT",
      absl::StrCat(PathOf(sha256), " is damaged: its hash differs from its name; upload the same text again"));
}

absl::Status FileQuestionSetTexts::Remove(const std::string& sha256) {
  if (!IsHash(sha256)) return absl::OkStatus();
  MutexLock lock(&writer_mutex_);
  SUMSCOPE_RETURN_IF_ERROR(env_->RemoveFile(PathOf(sha256)));
  return env_->FsyncDirectory(directory_);
}

absl::Status MemoryQuestionSetTexts::Put(const std::string& sha256, absl::string_view text) {
  SUMSCOPE_RETURN_IF_ERROR(CheckHash(sha256, text));
  MutexLock lock(&mutex_);
  texts_.emplace(sha256, text);
  return absl::OkStatus();
}

absl::StatusOr<std::string> MemoryQuestionSetTexts::Get(const std::string& sha256) {
  MutexLock lock(&mutex_);
  const auto found = texts_.find(sha256);
  if (found == texts_.end()) return NoText(sha256);
  return found->second;
}

absl::Status MemoryQuestionSetTexts::Remove(const std::string& sha256) {
  MutexLock lock(&mutex_);
  texts_.erase(sha256);
  return absl::OkStatus();
}

}  // namespace sumscope::storage

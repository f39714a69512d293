#ifndef SUMSCOPE_STORAGE_SQLITE_QUESTION_SETS_QUESTION_SET_TEXTS_H_
#define SUMSCOPE_STORAGE_SQLITE_QUESTION_SETS_QUESTION_SET_TEXTS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "storage/question_sets.h"
#include "storage/sqlite/files/env.h"

namespace sumscope::storage {

// One file a text, named by its hash.
class FileQuestionSetTexts final : public QuestionSetTexts {
 public:
  // Makes the directory and removes what interrupted writers left; says in `notes` what it could not remove. `env`
  // outlives it.
  static absl::StatusOr<std::unique_ptr<FileQuestionSetTexts>> Open(const std::string& directory, Env* env,
                                                                    std::vector<std::string>* notes);

  absl::Status Put(const std::string& sha256, absl::string_view text) override;
  absl::StatusOr<std::string> Get(const std::string& sha256) override;
  absl::Status Remove(const std::string& sha256) override;

 private:
  FileQuestionSetTexts(std::string directory, Env* env) : directory_(std::move(directory)), env_(env) {}
  std::string PathOf(const std::string& sha256) const { return directory_ + "/" + sha256; }

  const std::string directory_;
  Env* const env_;
  Mutex writer_mutex_;  // one temporary file of a name at a time
};

class MemoryQuestionSetTexts final : public QuestionSetTexts {
 public:
  absl::Status Put(const std::string& sha256, absl::string_view text) override;
  absl::StatusOr<std::string> Get(const std::string& sha256) override;
  absl::Status Remove(const std::string& sha256) override;

 private:
  Mutex mutex_;
  std::map<std::string, std::string> texts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_QUESTION_SETS_QUESTION_SET_TEXTS_H_

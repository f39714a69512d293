#ifndef SUMSCOPE_TESTS_STORAGE_FAULTS_FAULT_ENV_H_
#define SUMSCOPE_TESTS_STORAGE_FAULTS_FAULT_ENV_H_

#include <cerrno>
#include <string>
#include <vector>

#include "storage/sqlite/files/env.h"
#include "storage/sqlite/files/files.h"
#include "tests/storage/faults/faults.h"

namespace sumscope::storage {

// The real Env, of which one operation fails as EIO.
class FaultEnv final : public Env {
 public:
  explicit FaultEnv(Faults* faults) : faults_(faults) {}

  absl::Status MakeDirectory(const std::string& path) override {
    return Do("make the directory", path, [&] { return real_->MakeDirectory(path); });
  }
  absl::Status FsyncDirectory(const std::string& path) override {
    return Do("sync the directory", path, [&] { return real_->FsyncDirectory(path); });
  }
  absl::Status RenameFile(const std::string& from, const std::string& to) override {
    return Do("rename", from, [&] { return real_->RenameFile(from, to); });
  }
  absl::Status RemoveFile(const std::string& path) override {
    return Do("remove", path, [&] { return real_->RemoveFile(path); });
  }
  absl::Status FsyncFile(const std::string& path) override {
    return Do("sync", path, [&] { return real_->FsyncFile(path); });
  }
  absl::StatusOr<std::string> ReadFile(const std::string& path) override {
    if (faults_->Next().has_value()) return FileError(EIO, "read", path);
    return real_->ReadFile(path);
  }
  absl::Status WriteFile(const std::string& path, absl::string_view bytes) override {
    const auto moment = faults_->Next();
    if (!moment.has_value()) return real_->WriteFile(path, bytes);
    if (*moment == Faults::Moment::kMiddle) bytes.remove_suffix(bytes.size() / 2);
    if (*moment != Faults::Moment::kBefore) real_->WriteFile(path, bytes).IgnoreError();
    return FileError(EIO, "write", path);
  }
  absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) override {
    if (faults_->Next().has_value()) return FileError(EIO, "list the directory", path);
    return real_->ListDirectory(path);
  }

 private:
  template <typename Operation>
  absl::Status Do(const char* what, const std::string& path, const Operation& operation) {
    const auto moment = faults_->Next();
    if (!moment.has_value()) return operation();
    if (*moment == Faults::Moment::kAfter) operation().IgnoreError();
    return FileError(EIO, what, path);
  }

  Faults* const faults_;
  Env* const real_ = Env::Real();
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_TESTS_STORAGE_FAULTS_FAULT_ENV_H_

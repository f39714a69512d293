#ifndef SUMSCOPE_TESTS_STORAGE_FAULTS_FAULT_ENV_H_
#define SUMSCOPE_TESTS_STORAGE_FAULTS_FAULT_ENV_H_

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/sqlite/files/env.h"
#include "storage/sqlite/files/files.h"
#include "storage/sqlite/files/system_error.h"
#include "tests/storage/faults/faults.h"

namespace sumscope::storage {

// Of FaultEnv. A write or a read that fails in the middle is a short one, as the system has them: half is done, and
// said to be half.
class FaultTemporaryFile final : public TemporaryFile {
 public:
  FaultTemporaryFile(std::unique_ptr<TemporaryFile> real, Faults* faults, int error)
      : real_(std::move(real)), faults_(faults), error_(error) {}

  absl::StatusOr<size_t> Write(absl::string_view bytes, absl::string_view what) override {
    const auto moment = faults_->Next();
    if (!moment.has_value()) return real_->Write(bytes, what);
    if (*moment == Faults::Moment::kMiddle) return real_->Write(bytes.substr(0, (bytes.size() + 1) / 2), what);
    if (*moment == Faults::Moment::kAfter) real_->Write(bytes, what).status().IgnoreError();
    return SystemError(error_, what);
  }
  absl::StatusOr<size_t> Read(uint64_t offset, size_t length, char* bytes, absl::string_view what) const override {
    const auto moment = faults_->Next();
    if (!moment.has_value()) return real_->Read(offset, length, bytes, what);
    if (*moment == Faults::Moment::kMiddle) return real_->Read(offset, (length + 1) / 2, bytes, what);
    return SystemError(error_, what);
  }

 private:
  const std::unique_ptr<TemporaryFile> real_;
  Faults* const faults_;
  const int error_;
};

class FaultAllocatedFile final : public AllocatedFile {
 public:
  FaultAllocatedFile(std::unique_ptr<AllocatedFile> real, const std::string& path, Faults* faults, int error)
      : real_(std::move(real)), path_(path), faults_(faults), error_(error) {}

  absl::StatusOr<uint64_t> FreeBytes() const override {
    if (faults_->Next().has_value()) return FileError(error_, "look at the file system of", path_);
    return real_->FreeBytes();
  }
  absl::Status Allocate(uint64_t bytes) override {
    const auto moment = faults_->Next();
    if (!moment.has_value()) return real_->Allocate(bytes);
    if (*moment == Faults::Moment::kMiddle) bytes /= 2;
    if (*moment != Faults::Moment::kBefore) real_->Allocate(bytes).IgnoreError();
    return FileError(error_, "allocate", path_);
  }
  absl::Status Truncate(uint64_t bytes) override {
    const auto moment = faults_->Next();
    if (!moment.has_value()) return real_->Truncate(bytes);
    if (*moment == Faults::Moment::kAfter) real_->Truncate(bytes).IgnoreError();
    return FileError(error_, "truncate", path_);
  }

 private:
  const std::unique_ptr<AllocatedFile> real_;
  const std::string path_;
  Faults* const faults_;
  const int error_;
};

// The real Env, of which operations fail as `error`. `faults` outlives it and its files.
class FaultEnv final : public Env {
 public:
  explicit FaultEnv(Faults* faults, int error = EIO) : faults_(faults), error_(error) {}

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
    if (faults_->Next().has_value()) return FileError(error_, "read", path);
    return real_->ReadFile(path);
  }
  absl::Status WriteFile(const std::string& path, absl::string_view bytes) override {
    const auto moment = faults_->Next();
    if (!moment.has_value()) return real_->WriteFile(path, bytes);
    if (*moment == Faults::Moment::kMiddle) bytes.remove_suffix(bytes.size() / 2);
    if (*moment != Faults::Moment::kBefore) real_->WriteFile(path, bytes).IgnoreError();
    return FileError(error_, "write", path);
  }
  absl::StatusOr<std::unique_ptr<TemporaryFile>> NewTemporaryFile(const std::string& directory,
                                                                  absl::string_view what) override {
    if (faults_->Next().has_value()) return SystemError(error_, what);
    auto real = real_->NewTemporaryFile(directory, what);
    if (!real.ok()) return real.status();
    return std::make_unique<FaultTemporaryFile>(*std::move(real), faults_, error_);
  }
  absl::StatusOr<std::unique_ptr<AllocatedFile>> OpenAllocatedFile(const std::string& path) override {
    if (faults_->Next().has_value()) return FileError(error_, "open", path);
    auto real = real_->OpenAllocatedFile(path);
    if (!real.ok()) return real.status();
    return std::make_unique<FaultAllocatedFile>(*std::move(real), path, faults_, error_);
  }
  absl::Status TruncateFile(const std::string& path, uint64_t bytes) override {
    return Do("truncate", path, [&] { return real_->TruncateFile(path, bytes); });
  }
  absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) override {
    if (faults_->Next().has_value()) return FileError(error_, "list the directory", path);
    return real_->ListDirectory(path);
  }

 private:
  template <typename Operation>
  absl::Status Do(const char* what, const std::string& path, const Operation& operation) {
    const auto moment = faults_->Next();
    if (!moment.has_value()) return operation();
    if (*moment == Faults::Moment::kAfter) operation().IgnoreError();
    return FileError(error_, what, path);
  }

  Faults* const faults_;
  const int error_;
  Env* const real_ = Env::Real();
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_TESTS_STORAGE_FAULTS_FAULT_ENV_H_

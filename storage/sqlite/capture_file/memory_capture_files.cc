#include "storage/sqlite/capture_file/memory_capture_files.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/capture_file/tensor_hasher.h"

namespace sumscope::storage {
namespace {

class MemoryCaptureFile final : public CaptureFile {
 public:
  explicit MemoryCaptureFile(std::shared_ptr<const MemoryCaptureFiles::Data> data) : data_(std::move(data)) {}
  const std::vector<CaptureTensor>& tensors() const override { return data_->tensors; }
  uint64_t data_bytes() const override { return data_->bytes.size(); }
  absl::StatusOr<std::string> Read(uint64_t offset, uint64_t length) override {
    SUMSCOPE_RETURN_IF_ERROR(CheckRange(offset, length, data_bytes()));
    return data_->bytes.substr(offset, length);
  }

 private:
  const std::shared_ptr<const MemoryCaptureFiles::Data> data_;
};

}  // namespace

class MemoryCaptureWriter final : public CaptureWriter {
 public:
  MemoryCaptureWriter(MemoryCaptureFiles* files, MemoryCaptureFiles::Key key, TensorHasher hasher)
      : files_(files), key_(std::move(key)), hasher_(std::move(hasher)) {}
  ~MemoryCaptureWriter() override {
    if (!finished_) files_->End(key_, nullptr);
  }

  absl::Status Append(absl::string_view bytes) override {
    SUMSCOPE_RETURN_IF_ERROR(hasher_.Append(bytes));
    bytes_.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<CaptureTensor>> Finish() override {
    SUMSCOPE_ASSIGN_OR_RETURN(std::vector<CaptureTensor> tensors, hasher_.Finish());
    files_->End(key_, std::make_shared<MemoryCaptureFiles::Data>(MemoryCaptureFiles::Data{tensors, std::move(bytes_)}));
    finished_ = true;
    return tensors;
  }

 private:
  MemoryCaptureFiles* const files_;
  const MemoryCaptureFiles::Key key_;
  TensorHasher hasher_;
  std::string bytes_;
  bool finished_ = false;
};

absl::StatusOr<std::unique_ptr<CaptureWriter>> MemoryCaptureFiles::Create(const std::string& run,
                                                                          const std::string& capture,
                                                                          const std::vector<StoredTensor>& tensors) {
  if (!IsStoredName(run) || !IsStoredName(capture)) return NoCapture(run, capture);
  SUMSCOPE_ASSIGN_OR_RETURN(TensorHasher hasher, TensorHasher::Make(tensors));
  MutexLock lock(&mutex_);
  if (!captures_.emplace(Key(run, capture), nullptr).second) return CaptureExists(run, capture);
  return std::unique_ptr<CaptureWriter>(
      std::make_unique<MemoryCaptureWriter>(this, Key(run, capture), std::move(hasher)));
}

void MemoryCaptureFiles::End(const Key& key, std::shared_ptr<const Data> data) {
  MutexLock lock(&mutex_);
  if (data == nullptr) {
    captures_.erase(key);
  } else {
    captures_[key] = std::move(data);
  }
}

absl::StatusOr<std::unique_ptr<CaptureFile>> MemoryCaptureFiles::Open(const std::string& run,
                                                                      const std::string& capture) {
  MutexLock lock(&mutex_);
  const auto found = captures_.find(Key(run, capture));
  if (found == captures_.end() || found->second == nullptr) return NoCapture(run, capture);
  return std::unique_ptr<CaptureFile>(std::make_unique<MemoryCaptureFile>(found->second));
}

bool MemoryCaptureFiles::Exists(const std::string& run, const std::string& capture) {
  MutexLock lock(&mutex_);
  const auto found = captures_.find(Key(run, capture));
  return found != captures_.end() && found->second != nullptr;
}

absl::Status MemoryCaptureFiles::Remove(const std::string& run, const std::string& capture) {
  MutexLock lock(&mutex_);
  const auto found = captures_.find(Key(run, capture));
  if (found != captures_.end() && found->second != nullptr) captures_.erase(found);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> MemoryCaptureFiles::UsedBytes() {
  MutexLock lock(&mutex_);
  uint64_t bytes = 0;
  for (const auto& [key, data] : captures_) bytes += data == nullptr ? 0 : data->bytes.size();
  return bytes;
}

absl::Status MemoryCaptureFiles::RemoveAll(const std::string& run) {
  MutexLock lock(&mutex_);
  for (auto at = captures_.lower_bound(Key(run, "")); at != captures_.end() && at->first.first == run;) {
    at = captures_.erase(at);
  }
  return absl::OkStatus();
}

}  // namespace sumscope::storage

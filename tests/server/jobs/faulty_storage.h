#ifndef SUMSCOPE_TESTS_SERVER_JOBS_FAULTY_STORAGE_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_FAULTY_STORAGE_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "storage/catalog/catalog.h"
#include "storage/run_file.h"

namespace sumscope::jobs {

// Called before a write; an error fails it, nothing of it is stored. Thread-safe.
class WriteGate {
 public:
  using Hook = std::function<absl::Status()>;
  void Set(Hook hook) {
    MutexLock lock(&mutex_);
    hook_ = std::move(hook);
  }
  void Open() { Set(nullptr); }
  // Fails the next `times` writes.
  void Fail(int times, absl::Status error) {
    auto left = std::make_shared<std::atomic<int>>(times);  // lives as long as the hook
    Set([left, error] { return left->fetch_sub(1) > 0 ? error : absl::OkStatus(); });
  }
  absl::Status Pass() {
    Hook hook;
    {
      MutexLock lock(&mutex_);
      hook = hook_;
    }
    return hook ? hook() : absl::OkStatus();
  }

 private:
  Mutex mutex_;
  Hook hook_ ABSL_GUARDED_BY(mutex_);
};

// A catalog whose writes pass a gate.
class FaultyCatalog : public storage::Catalog {
 public:
  explicit FaultyCatalog(storage::Catalog* catalog) : catalog_(catalog) {}
  using storage::Catalog::Write;
  absl::Status Write(const storage::Actor& actor,
                     const std::function<absl::Status(storage::CatalogTransaction&)>& body) override {
    const absl::Status status = gate.Pass();
    return status.ok() ? catalog_->Write(actor, body) : status;
  }
  absl::Status Read(const std::function<absl::Status(storage::CatalogReader&)>& body) override {
    return catalog_->Read(body);
  }
  int schema_version() const override { return catalog_->schema_version(); }

  WriteGate gate;

 private:
  storage::Catalog* const catalog_;
};

// Run files whose writes pass a gate, and that can be made unreadable.
class FaultyRunFiles : public storage::RunFiles {
 public:
  explicit FaultyRunFiles(storage::RunFiles* files) : files_(files) {}

  absl::StatusOr<std::shared_ptr<storage::RunFile>> Create(const v1::Run& run) override {
    const absl::Status status = gate.Pass();
    return status.ok() ? Wrap(files_->Create(run), run.name().substr(run.name().rfind('/') + 1)) : status;
  }
  // Asked of each write of a file, beside gate.
  void OnWrite(std::function<absl::Status(const std::string& run)> hook) {
    MutexLock lock(&mutex_);
    on_write_ = std::move(hook);
  }
  // Asked of each file that is opened, beside open_gate.
  void OnOpen(std::function<absl::Status(const std::string& run)> hook) {
    MutexLock lock(&mutex_);
    on_open_ = std::move(hook);
  }
  absl::StatusOr<std::shared_ptr<storage::RunFile>> Open(const std::string& run) override {
    std::function<absl::Status(const std::string&)> hook;
    {
      MutexLock lock(&mutex_);
      hook = on_open_;
    }
    absl::Status status = open_gate.Pass();
    if (status.ok() && hook) status = hook(run);
    return status.ok() ? Wrap(files_->Open(run), run) : status;
  }
  bool Exists(const std::string& run) override { return files_->Exists(run); }
  absl::Status Remove(const std::string& run) override {
    const absl::Status status = remove_gate.Pass();
    return status.ok() ? files_->Remove(run) : status;
  }

  absl::StatusOr<std::vector<std::string>> ListUnsealed() override {
    MutexLock lock(&mutex_);
    return unsealed_;
  }
  std::string DebugString() override { return files_->DebugString(); }
  void SetUnsealed(std::vector<std::string> runs) {
    MutexLock lock(&mutex_);
    unsealed_ = std::move(runs);
  }

  WriteGate gate, open_gate, seal_gate, remove_gate;

 private:
  class File : public storage::RunFile {
   public:
    File(std::shared_ptr<storage::RunFile> file, std::function<absl::Status()> pass, WriteGate* seal_gate)
        : file_(std::move(file)), pass_(std::move(pass)), seal_gate_(seal_gate) {}
    absl::Status Write(const std::function<absl::Status(storage::RunFileTransaction&)>& body) override {
      const absl::Status status = pass_();
      return status.ok() ? file_->Write(body) : status;
    }
    absl::StatusOr<v1::Run> GetRun() override { return file_->GetRun(); }
    absl::StatusOr<uint64_t> MetricSteps(storage::Series series) override { return file_->MetricSteps(series); }
    absl::StatusOr<v1::MetricBlock> ReadMetrics(storage::Series series, uint64_t first, uint32_t rows) override {
      return file_->ReadMetrics(series, first, rows);
    }
    absl::StatusOr<std::vector<storage::TensorSet>> ListTensorSets(storage::TensorSetKind kind) override {
      return file_->ListTensorSets(kind);
    }
    absl::StatusOr<storage::TensorSet> GetTensorSet(storage::TensorSetKind kind, uint64_t step) override {
      return file_->GetTensorSet(kind, step);
    }
    absl::StatusOr<std::string> ReadTensorBytes(int64_t set, uint64_t offset, uint64_t length) override {
      return file_->ReadTensorBytes(set, offset, length);
    }
    absl::StatusOr<uint64_t> LogEntries() override { return file_->LogEntries(); }
    absl::StatusOr<std::vector<storage::LogEntry>> ListLog(uint64_t after, int limit) override {
      return file_->ListLog(after, limit);
    }
    absl::StatusOr<v1::Analysis> GetAnalysis(const std::string& analysis) override {
      return file_->GetAnalysis(analysis);
    }
    absl::StatusOr<std::vector<v1::Analysis>> ListAnalyses() override { return file_->ListAnalyses(); }
    absl::StatusOr<int> DiscardUnfinishedTensorSets() override { return file_->DiscardUnfinishedTensorSets(); }
    uint64_t Incarnation() override { return file_->Incarnation(); }
    absl::Status Seal() override {
      const absl::Status status = seal_gate_->Pass();
      return status.ok() ? file_->Seal() : status;
    }

   private:
    const std::shared_ptr<storage::RunFile> file_;
    const std::function<absl::Status()> pass_;
    WriteGate* const seal_gate_;
  };
  absl::StatusOr<std::shared_ptr<storage::RunFile>> Wrap(absl::StatusOr<std::shared_ptr<storage::RunFile>> file,
                                                         const std::string& run) {
    if (!file.ok()) return file;
    return std::shared_ptr<storage::RunFile>(std::make_shared<File>(
        *std::move(file), [this, run] { return PassWrite(run); }, &seal_gate));
  }
  absl::Status PassWrite(const std::string& run) {
    std::function<absl::Status(const std::string&)> hook;
    {
      MutexLock lock(&mutex_);
      hook = on_write_;
    }
    const absl::Status status = gate.Pass();
    return status.ok() && hook ? hook(run) : status;
  }
  storage::RunFiles* const files_;
  Mutex mutex_;
  std::vector<std::string> unsealed_ ABSL_GUARDED_BY(mutex_);
  std::function<absl::Status(const std::string&)> on_open_ ABSL_GUARDED_BY(mutex_), on_write_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_FAULTY_STORAGE_H_

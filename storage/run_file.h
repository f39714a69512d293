#ifndef SUMSCOPE_STORAGE_RUN_FILE_H_
#define SUMSCOPE_STORAGE_RUN_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::storage {

enum class TensorSetKind { kWeights = 1, kResumeState = 2 };

struct StoredTensor {
  std::string name;
  std::string dtype;  // F32, F64, I64
  std::vector<uint64_t> shape;
  uint64_t bytes = 0;
};

// Tensors stored together: a checkpoint's weights or a resume state. Their bytes lie concatenated in this order.
struct TensorSet {
  int64_t id = 0;
  TensorSetKind kind = TensorSetKind::kWeights;
  uint64_t step = 0;
  absl::Time create_time;
  std::vector<StoredTensor> tensors;
  uint64_t data_bytes = 0;
  // Of the safetensors file with these tensors and no metadata (proto/contract/safetensors/safetensors.h): a
  // checkpoint's hash.
  std::string sha256;
  uint64_t file_bytes = 0;
  std::optional<double> heldout_loss;
};

enum class Series { kDeterministic = 1, kTiming = 2 };

struct LogEntry {
  uint64_t sequence = 0;
  absl::Time time;
  std::string severity;
  std::string text;
  std::optional<uint64_t> checkpoint_step;  // set on the entry that announces a checkpoint
};

// Columns of a metric series at most; 20 digits of a mas run have 35.
inline constexpr int kMaxMetricColumns = 64;

// FAILED_PRECONDITION: another file has taken the place of the run's while it was in use.
inline constexpr char kRunFileReplaced[] = "RUN_FILE_REPLACED";

class RunFileTransaction {
 public:
  virtual ~RunFileTransaction() = default;
  // Replaces the stored description (spec, owner, visibility, labels, state, segments).
  virtual absl::Status PutRun(const v1::Run& run) = 0;
  // Appends steps. Steps that are stored already are compared: equal bytes are skipped, a difference replaces the rows
  // and makes *diverged_step the first such step. A gap is FAILED_PRECONDITION METRICS_GAP.
  virtual absl::Status AppendMetrics(Series series, const v1::MetricBlock& block,
                                     std::optional<uint64_t>* diverged_step) = 0;
  // A set is invisible until FinishTensorSet. Bytes are appended in order, chunk by chunk.
  virtual absl::StatusOr<int64_t> BeginTensorSet(TensorSetKind kind, uint64_t step,
                                                 const std::vector<StoredTensor>& tensors, absl::Time now) = 0;
  virtual absl::Status AppendTensorBytes(int64_t set, absl::string_view bytes) = 0;
  // Makes the set visible; a resume state replaces the older one. DATA_LOSS TENSOR_SET_INCOMPLETE when bytes are
  // missing.
  virtual absl::Status FinishTensorSet(int64_t set, std::optional<double> heldout_loss) = 0;
  // Returns the dense sequence.
  virtual absl::StatusOr<uint64_t> AppendLog(const LogEntry& entry) = 0;
  virtual absl::Status PutAnalysis(const v1::Analysis& analysis) = 0;
  virtual absl::Status RemoveAnalysis(const std::string& analysis) = 0;
};

// runs/<first two characters>/<run>.db: everything about one run. Thread-safe: one writer, readers beside it.
class RunFile {
 public:
  virtual ~RunFile() = default;
  virtual absl::Status Write(const std::function<absl::Status(RunFileTransaction&)>& body) = 0;

  // Without a visibility it is LAB: files of before runs had one.
  virtual absl::StatusOr<v1::Run> GetRun() = 0;
  virtual absl::StatusOr<uint64_t> MetricSteps(Series series) = 0;  // steps 0 .. result-1 are stored
  // Up to `max_rows` consecutive steps from `first_step` on; an empty block past the end.
  virtual absl::StatusOr<v1::MetricBlock> ReadMetrics(Series series, uint64_t first_step, uint32_t max_rows) = 0;
  virtual absl::StatusOr<std::vector<TensorSet>> ListTensorSets(TensorSetKind kind) = 0;  // by step
  // NOT_FOUND CHECKPOINT_NOT_FOUND.
  virtual absl::StatusOr<TensorSet> GetTensorSet(TensorSetKind kind, uint64_t step) = 0;
  // Bytes [offset, offset+length) of the set's concatenated data, each chunk verified. DATA_LOSS CHUNK_CORRUPT.
  virtual absl::StatusOr<std::string> ReadTensorBytes(int64_t set, uint64_t offset, uint64_t length) = 0;
  virtual absl::StatusOr<uint64_t> LogEntries() = 0;  // entries 1 .. result are stored
  virtual absl::StatusOr<std::vector<LogEntry>> ListLog(uint64_t after_sequence, int limit) = 0;
  // NOT_FOUND ANALYSIS_NOT_FOUND.
  virtual absl::StatusOr<v1::Analysis> GetAnalysis(const std::string& analysis) = 0;
  // In the order in which they were asked.
  virtual absl::StatusOr<std::vector<v1::Analysis>> ListAnalyses() = 0;

  // Removes unfinished tensor sets (after a crash). Returns how many.
  virtual absl::StatusOr<int> DiscardUnfinishedTensorSets() = 0;
  // Which file it is: another number once another file was found in the place of the one before, such as a backup that
  // was restored while it was held. Stays the same within a body of Write: who writes what belongs to what it has read
  // or written before compares it there. The same file moved away and back keeps its number.
  virtual uint64_t Incarnation() = 0;
  // At a terminal state: checkpoints the WAL and makes it one plain file.
  virtual absl::Status Seal() = 0;
};

// The folder of run files. Keeps at most limits::kMaxOpenRunFiles open; a returned file stays usable while held.
// Thread-safe. shared_ptr: a file is shared by the ingest of its worker and any number of readers.
class RunFiles {
 public:
  virtual ~RunFiles() = default;
  // ALREADY_EXISTS RUN_EXISTS.
  virtual absl::StatusOr<std::shared_ptr<RunFile>> Create(const v1::Run& run) = 0;
  // NOT_FOUND RUN_FILE_NOT_FOUND; DATA_LOSS RUN_FILE_CORRUPT, RUN_FILE_MISPLACED; FAILED_PRECONDITION SCHEMA_NEWER. A
  // file that goes, or is found damaged, while it is held gives the same in every call, until it is restored;
  // FAILED_PRECONDITION RUN_FILE_REPLACED when it is exchanged for another in that moment.
  virtual absl::StatusOr<std::shared_ptr<RunFile>> Open(const std::string& run) = 0;
  // Also when nobody can tell: Open says what is wrong.
  virtual bool Exists(const std::string& run) = 0;
  virtual absl::Status Remove(const std::string& run) = 0;
  // Runs that have a WAL beside their file: a copy of the file alone would lack what lies there. Opens no file.
  virtual absl::StatusOr<std::vector<std::string>> ListUnsealed() = 0;
  // Which files are open, as one line of bounded length, for logs and debuggers. Touches no file.
  virtual std::string DebugString() = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_RUN_FILE_H_

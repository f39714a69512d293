#include "client/files/checkpoint_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/safetensors/safetensors.h"

namespace sumscope::client {
namespace {

constexpr uint64_t kLengthBytes = 8;

absl::Status Corrupt(absl::string_view problem) {
  return MakeError(absl::StatusCode::kDataLoss, "CHECKPOINT_CORRUPT", absl::StrCat("the checkpoint's file: ", problem));
}

std::string SpecJson(const v1::TrainSpec& spec) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails only for Any and bad UTF-8, and a spec that crossed the wire has neither.
  return google::protobuf::util::MessageToJsonString(spec, &json, options).ok() ? json : std::string();
}

}  // namespace

std::map<std::string, std::string> CheckpointMetadata(const v1::Run& run, const v1::Checkpoint& checkpoint) {
  std::map<std::string, std::string> metadata = {{"run", run.name()},
                                                 {"step", absl::StrCat(checkpoint.step())},
                                                 {"model_name", run.model_name()},
                                                 {"spec", SpecJson(run.spec())},
                                                 {"source_sha256", checkpoint.sha256()}};
  metadata["code_version"] = "imported";
  if (run.segments_size() > 0) {
    const v1::Attempt& last = run.segments(run.segments_size() - 1);
    metadata["code_version"] = absl::StrCat(last.sumscope_version(), " ", last.git_hash());
  }
  return metadata;
}

CheckpointFile::CheckpointFile(std::map<std::string, std::string> metadata, uint64_t total_bytes,
                               std::function<absl::Status(absl::string_view)> write)
    : metadata_(std::move(metadata)), total_bytes_(total_bytes), write_(std::move(write)) {}

absl::Status CheckpointFile::Add(absl::string_view bytes) {
  if (header_written_) return write_(bytes);
  absl::StrAppend(&prefix_, bytes);
  if (prefix_.size() < kLengthBytes) return absl::OkStatus();
  const absl::StatusOr<uint64_t> needed = SafetensorsPrefixBytes(prefix_, total_bytes_);
  if (!needed.ok()) return Corrupt(needed.status().message());
  if (prefix_.size() < *needed) return absl::OkStatus();
  const absl::StatusOr<SafetensorsHeader> header =
      ParseSafetensorsHeader(absl::string_view(prefix_).substr(0, *needed), total_bytes_);
  if (!header.ok()) return Corrupt(header.status().message());
  SUMSCOPE_RETURN_IF_ERROR(write_(MakeSafetensorsPrefix(header->tensors, metadata_)));
  header_written_ = true;
  const std::string data = prefix_.substr(*needed);
  prefix_.clear();
  return write_(data);
}

absl::Status CheckpointFile::Finish() {
  if (header_written_) return absl::OkStatus();
  return Corrupt("the file ends within its header");
}

}  // namespace sumscope::client

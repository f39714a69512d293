#include "server/rpc/runs/imports/imported_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/foreign_model.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/safetensors/safetensors.h"
#include "server/rpc/runs/imports/foreign_weights.h"

namespace sumscope::rpc {
namespace {

// What a header takes in memory while it is read, for each of its bytes: the worst has nothing but tiny metadata.
constexpr uint64_t kHeldOfHeaderByte = 15;

struct ReadModel {
  ForeignModel model;
  uint64_t data_offset;  // of the tensors' bytes in the file
};

std::string OperationText(const v1::TrainSpec& spec) {
  return absl::AsciiStrToLower(v1::Operation_Name(spec.operation()));
}

// Whether `spec`, of the metadata, is of a model with these shapes and this type.
bool IsOfWeights(const v1::TrainSpec& spec, const v1::TrainSpec& of_weights) {
  v1::TrainSpec like = of_weights;
  like.set_operation(spec.operation());
  return spec.precision() == of_weights.precision() && CheckLike(spec, like).ok();
}

// What the model computes, which no weight says: what the file's metadata says, else the header's operation, else that
// of the model to be like; nullopt where nothing says it. Two that contradict each other are refused: INVALID_ARGUMENT
// OPERATION_MISMATCH, LIKE_MISMATCH.
absl::StatusOr<std::optional<v1::Operation>> ChooseOperation(const std::optional<v1::TrainSpec>& said,
                                                             const v1::ImportHeader& header,
                                                             const v1::TrainSpec& like) {
  v1::TrainSpec known;
  if (header.has_operation()) known.set_operation(header.operation());
  std::string source = "the request";
  if (said.has_value()) {
    if (known.has_operation() && known.operation() != said->operation()) {
      return InvalidField("OPERATION_MISMATCH", "operation",
                          absl::StrCat("the file's __metadata__ says that its operation is ", OperationText(*said),
                                       ", but ", OperationText(known), " was asked for"));
    }
    known.set_operation(said->operation());
    source = "the file's __metadata__";
  }
  if (!like.has_operation()) {
    return known.has_operation() ? std::make_optional(known.operation()) : std::nullopt;
  }
  if (known.has_operation() && known.operation() != like.operation()) {
    return InvalidField("LIKE_MISMATCH", "operation",
                        absl::StrCat(source, " says that the operation is ", OperationText(known), ", but that of ",
                                     header.like_model_name(), " is ", OperationText(like)));
  }
  return std::make_optional(like.operation());
}

// `model` with what the metadata says of its training.
void AddTraining(v1::TrainSpec said, ForeignModel* model) {
  said.set_steps(model->spec.steps());
  model->spec = std::move(said);
}

// Reads the model, and what it computes.
absl::StatusOr<ForeignModel> ReadModelOf(const SafetensorsHeader& file, const v1::ImportHeader& header,
                                         const v1::TrainSpec& like) {
  const auto n_heads = like.has_n_heads() ? std::make_optional(like.n_heads()) : std::nullopt;
  std::string note;
  std::optional<v1::TrainSpec> said = SpecOfMetadata(file, &note);
  if (said.has_value()) {
    // With add, which every format has: what is said may be of other weights.
    SUMSCOPE_ASSIGN_OR_RETURN(const ForeignModel as_add, ReadForeignModel(file, v1::ADD, n_heads));
    if (!IsOfWeights(*said, as_add.spec)) {
      said.reset();
      note = "the spec in the file's __metadata__ is not of these weights and was not used";
    }
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const auto operation, ChooseOperation(said, header, like));
  SUMSCOPE_ASSIGN_OR_RETURN(ForeignModel model, ReadForeignModel(file, operation.value_or(v1::ADD), n_heads));
  if (said.has_value()) AddTraining(*std::move(said), &model);
  if (!note.empty()) model.notes.push_back(note);
  if (!operation.has_value()) model.notes.push_back("taken as add: nothing says which operation the model is of");
  return model;
}

// Reads the header, whole, in the room's memory, and what model it describes.
absl::StatusOr<ReadModel> ReadHeader(const v1::ImportHeader& header, const v1::TrainSpec& like,
                                     const UploadSpool& spool, IncomingRoom* room) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string first, spool.Read(0, std::min<uint64_t>(8, spool.size())));
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t prefix_bytes, SafetensorsPrefixBytes(first, spool.size()));
  IncomingRoom::Hold memory(room);
  SUMSCOPE_RETURN_IF_ERROR(memory.HoldMemory(kHeldOfHeaderByte * prefix_bytes));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string prefix, spool.Read(0, std::min(prefix_bytes, spool.size())));
  SUMSCOPE_ASSIGN_OR_RETURN(const SafetensorsHeader file, ParseSafetensorsHeader(prefix, spool.size()));
  SUMSCOPE_ASSIGN_OR_RETURN(ForeignModel model, ReadModelOf(file, header, like));
  return ReadModel{std::move(model), file.data_offset};
}

template <typename Float>
bool AllFinite(const std::string& bytes) {
  for (size_t i = 0; i + sizeof(Float) <= bytes.size(); i += sizeof(Float)) {
    Float value;
    std::memcpy(&value, bytes.data() + i, sizeof(value));
    if (!std::isfinite(value)) return false;
  }
  return true;
}

// Whether every weight of the tensor, whose bytes lie at `begin` of all, is a number.
absl::Status CheckFinite(ForeignWeights* weights, size_t index, uint64_t begin) {
  const ForeignTensor& tensor = weights->model().tensors[index];
  const uint64_t end = begin + weights->TensorBytes(index);
  for (uint64_t at = begin; at < end; at += limits::kMaxChunkBytes) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string bytes,
                              weights->Read(at, std::min<uint64_t>(limits::kMaxChunkBytes, end - at)));
    if (!(weights->model().dtype == "F64" ? AllFinite<double>(bytes) : AllFinite<float>(bytes))) {
      return MakeError(absl::StatusCode::kInvalidArgument, "WEIGHTS_NOT_FINITE",
                       absl::StrCat("tensor ", tensor.name, " holds NaN or infinity; a model needs finite weights"),
                       {{"tensor", tensor.name}});
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImportedFile> ReadImportedFile(const v1::ImportHeader& header, const UploadSpool& spool,
                                              IncomingRoom* room) {
  v1::TrainSpec like;
  if (!header.like_model_name().empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(like, ParseModelName(header.like_model_name()));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(ReadModel read, ReadHeader(header, like, spool, room));
  SUMSCOPE_RETURN_IF_ERROR(CheckLike(read.model.spec, like));
  ImportedFile imported;
  imported.spec = read.model.spec;
  imported.weights.notes = read.model.notes;
  // Shared by the copies of the reading function.
  const auto weights = std::make_shared<ForeignWeights>(spool, read.data_offset, std::move(read.model), room);
  uint64_t offset = 0;
  for (size_t i = 0; i < weights->model().tensors.size(); ++i) {
    SUMSCOPE_RETURN_IF_ERROR(CheckFinite(weights.get(), i, offset));
    const ForeignTensor& tensor = weights->model().tensors[i];
    imported.weights.tensors.push_back({tensor.name, weights->model().dtype, tensor.shape, weights->TensorBytes(i)});
    offset += weights->TensorBytes(i);
  }
  imported.weights.data_bytes = offset;
  imported.weights.read = [weights](uint64_t from, uint64_t length) { return weights->Read(from, length); };
  return imported;
}

}  // namespace sumscope::rpc

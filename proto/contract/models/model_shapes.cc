#include "proto/contract/models/model_shapes.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

using TensorsByName = std::map<std::string, const SafetensorsTensor*>;

// Vocabulary and context of the formats (science.md section 1): n_ctx = 3 n + extra.
struct FormatShape {
  v1::Format format;
  uint64_t d_vocab, extra;
};
constexpr std::array<FormatShape, 2> kFormats = {{{v1::PLAIN, 12, 3}, {v1::SIGNED, 15, 4}}};

const FormatShape& ShapeOf(v1::Format format) { return format == v1::PLAIN ? kFormats[0] : kFormats[1]; }

absl::Status TensorError(absl::string_view reason, absl::string_view tensor, absl::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, message, {{"tensor", std::string(tensor)}});
}

std::string ShapeText(const std::vector<uint64_t>& shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

// "; it has 3 tensors: a, b, c"
std::string FoundText(const TensorsByName& tensors) {
  constexpr size_t kShown = 4;
  std::string text = absl::StrCat("; it has ", tensors.size(), tensors.empty() ? " tensors" : " tensors: ");
  size_t shown = 0;
  for (const auto& [name, tensor] : tensors) {
    if (shown == kShown) return absl::StrCat(text, ", ..");
    absl::StrAppend(&text, shown++ == 0 ? "" : ", ", Quote(name));
  }
  return text;
}

// The tensor that tells dimensions, with `rank` of them, none 0.
absl::StatusOr<const SafetensorsTensor*> Anchor(const TensorsByName& tensors, const std::string& name, size_t rank) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    return TensorError(
        "MODEL_TENSOR_MISSING", name,
        absl::StrCat("the file has no tensor ", name, ", as TransformerLens names it", FoundText(tensors)));
  }
  const auto& shape = found->second->shape;
  if (shape.size() != rank || std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    return TensorError(
        "MODEL_TENSOR_SHAPE", name,
        absl::StrCat("tensor ", name, " has shape ", ShapeText(shape), "; expected ", rank, " dimensions"));
  }
  return found->second;
}

// One more than the highest block that a tensor names.
uint64_t CountBlocks(const TensorsByName& tensors) {
  uint64_t count = 0;
  for (const auto& [name, tensor] : tensors) {
    absl::string_view rest = name;
    if (!absl::ConsumePrefix(&rest, "blocks.")) continue;
    const absl::string_view index = rest.substr(0, rest.find('.'));
    uint32_t block = 0;
    if (!index.empty() && absl::ascii_isdigit(index[0]) && absl::SimpleAtoi(index, &block)) {
      count = std::max<uint64_t>(count, uint64_t{block} + 1);
    }
  }
  return count;
}

absl::Status CheckDimension(absl::string_view what, uint64_t value, uint64_t minimum, uint64_t maximum) {
  if (value >= minimum && value <= maximum) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kInvalidArgument, "MODEL_SHAPE_UNKNOWN",
      absl::StrCat("the file's shapes say ", value, " ", what, "; a model has ", minimum, " to ", maximum));
}

absl::Status InferFormat(uint64_t d_vocab, uint64_t n_ctx, v1::TrainSpec* spec) {
  for (const FormatShape& shape : kFormats) {
    if (shape.d_vocab != d_vocab) continue;
    spec->set_format(shape.format);
    if (n_ctx < shape.extra || (n_ctx - shape.extra) % 3 != 0) break;
    const uint64_t n_digits = (n_ctx - shape.extra) / 3;
    SUMSCOPE_RETURN_IF_ERROR(CheckDimension("digits", n_digits, limits::kMinDigits, limits::kMaxDigits));
    spec->set_n_digits(n_digits);
    return absl::OkStatus();
  }
  return MakeError(
      absl::StatusCode::kInvalidArgument, "MODEL_SHAPE_UNKNOWN",
      absl::StrCat("a vocabulary of ", d_vocab, " and ", n_ctx,
                   " positions are of no format here; expected 12 and 3n+3 (plain) or 15 and 3n+4 (signed)"));
}

absl::Status InferDimensions(const TensorsByName& tensors, v1::TrainSpec* spec) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto* embed, Anchor(tensors, "embed.W_E", 2));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto* positions, Anchor(tensors, "pos_embed.W_pos", 2));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto* queries, Anchor(tensors, "blocks.0.attn.W_Q", 3));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto* mlp, Anchor(tensors, "blocks.0.mlp.W_in", 2));
  SUMSCOPE_RETURN_IF_ERROR(InferFormat(embed->shape[0], positions->shape[0], spec));
  const uint64_t layers = CountBlocks(tensors);
  SUMSCOPE_RETURN_IF_ERROR(CheckDimension("layers", layers, 1, limits::kMaxLayers));
  SUMSCOPE_RETURN_IF_ERROR(CheckDimension("heads", queries->shape[0], 1, limits::kMaxHeads));
  SUMSCOPE_RETURN_IF_ERROR(CheckDimension("d_model", embed->shape[1], 1, limits::kMaxDModel));
  SUMSCOPE_RETURN_IF_ERROR(CheckDimension("d_head", queries->shape[2], 1, limits::kMaxDHead));
  SUMSCOPE_RETURN_IF_ERROR(CheckDimension("d_mlp", mlp->shape[1], 1, limits::kMaxDMlp));
  spec->set_n_layers(layers);
  spec->set_n_heads(queries->shape[0]);
  spec->set_d_model(embed->shape[1]);
  spec->set_d_head(queries->shape[2]);
  spec->set_d_mlp(mlp->shape[1]);
  return absl::OkStatus();
}

absl::Status CheckTensor(const SafetensorsTensor& tensor, const SafetensorsTensor& expected) {
  if (tensor.shape != expected.shape) {
    return TensorError("MODEL_TENSOR_SHAPE", tensor.name,
                       absl::StrCat("tensor ", tensor.name, " has shape ", ShapeText(tensor.shape), "; expected ",
                                    ShapeText(expected.shape), " beside the other tensors"));
  }
  if (tensor.dtype == "F32" || tensor.dtype == "F64") return absl::OkStatus();
  return TensorError("MODEL_TENSOR_DTYPE", tensor.name,
                     absl::StrCat("tensor ", tensor.name, " is ", tensor.dtype,
                                  "; expected F32 or F64 (a file's F16 or BF16 is widened)"));
}

absl::Status CheckTensors(const v1::TrainSpec& spec, TensorsByName tensors) {
  std::optional<SafetensorsTensor> missing;
  for (const SafetensorsTensor& expected : ModelTensors(spec)) {
    const auto found = tensors.find(expected.name);
    if (found == tensors.end()) {
      if (!missing.has_value()) missing = expected;
      continue;
    }
    SUMSCOPE_RETURN_IF_ERROR(CheckTensor(*found->second, expected));
    tensors.erase(found);
  }
  // What is left is what the missing one may be called there.
  if (missing.has_value()) {
    return TensorError(
        "MODEL_TENSOR_MISSING", missing->name,
        absl::StrCat("the file has no tensor ", missing->name, " of shape ", ShapeText(missing->shape),
                     tensors.empty() ? "" : "; beside our names", tensors.empty() ? "" : FoundText(tensors).substr(1)));
  }
  if (tensors.empty()) return absl::OkStatus();
  const std::string& name = tensors.begin()->first;
  return TensorError("MODEL_TENSOR_UNKNOWN", name,
                     absl::StrCat("the file has a tensor ", Quote(name), " that this model has not"));
}

}  // namespace

bool IsModelBuffer(absl::string_view tensor_name) {
  return absl::StartsWith(tensor_name, "blocks.") &&
         (absl::EndsWith(tensor_name, ".attn.mask") || absl::EndsWith(tensor_name, ".attn.IGNORE"));
}

uint64_t VocabularySize(const v1::TrainSpec& spec) { return ShapeOf(spec.format()).d_vocab; }

std::vector<SafetensorsTensor> ModelTensors(const v1::TrainSpec& spec) {
  const uint64_t d_model = spec.d_model(), heads = spec.n_heads(), d_head = spec.d_head(), d_mlp = spec.d_mlp();
  const FormatShape& format = ShapeOf(spec.format());
  std::vector<SafetensorsTensor> tensors;
  uint64_t offset = 0;
  const auto add = [&](std::string name, std::vector<uint64_t> shape) {
    uint64_t bytes = SafetensorsElementBytes("F32");
    for (const uint64_t dimension : shape) bytes *= dimension;
    tensors.push_back({std::move(name), "F32", std::move(shape), offset, offset + bytes});
    offset += bytes;
  };
  add("embed.W_E", {format.d_vocab, d_model});
  add("pos_embed.W_pos", {3 * uint64_t{spec.n_digits()} + format.extra, d_model});
  for (uint32_t layer = 0; layer < spec.n_layers(); ++layer) {
    const std::string block = absl::StrCat("blocks.", layer, ".");
    add(block + "ln1.w", {d_model});
    add(block + "ln1.b", {d_model});
    for (const char* matrix : {"W_Q", "W_K", "W_V"}) add(block + "attn." + matrix, {heads, d_model, d_head});
    for (const char* bias : {"b_Q", "b_K", "b_V"}) add(block + "attn." + bias, {heads, d_head});
    add(block + "attn.W_O", {heads, d_head, d_model});
    add(block + "attn.b_O", {d_model});
    add(block + "ln2.w", {d_model});
    add(block + "ln2.b", {d_model});
    add(block + "mlp.W_in", {d_model, d_mlp});
    add(block + "mlp.b_in", {d_mlp});
    add(block + "mlp.W_out", {d_mlp, d_model});
    add(block + "mlp.b_out", {d_model});
  }
  add("ln_final.w", {d_model});
  add("ln_final.b", {d_model});
  add("unembed.W_U", {d_model, format.d_vocab});
  add("unembed.b_U", {format.d_vocab});
  return tensors;
}

absl::StatusOr<v1::TrainSpec> InferSpec(const SafetensorsHeader& header, v1::Operation operation) {
  TensorsByName tensors;
  for (const SafetensorsTensor& tensor : header.tensors) {
    if (!IsModelBuffer(tensor.name)) tensors[tensor.name] = &tensor;
  }
  v1::TrainSpec spec = CompleteSpec({});
  spec.set_operation(operation);
  spec.set_steps(0);
  SUMSCOPE_RETURN_IF_ERROR(InferDimensions(tensors, &spec));
  SUMSCOPE_RETURN_IF_ERROR(CheckTensors(spec, std::move(tensors)));
  if (spec.format() == v1::PLAIN && operation != v1::ADD) {
    return InvalidField("FORMAT_NEEDS_SIGN", "operation",
                        "the file has the plain format's vocabulary of 12, which writes additions only: use add");
  }
  return spec;
}

absl::Status CheckLike(const v1::TrainSpec& imported, const v1::TrainSpec& like) {
  static constexpr const char* kFields[] = {"operation", "n_digits", "n_layers", "n_heads",
                                            "d_model",   "d_head",   "d_mlp",    "format"};
  const auto* reflection = imported.GetReflection();
  for (const char* name : kFields) {
    const auto* field = v1::TrainSpec::descriptor()->FindFieldByName(name);
    if (!reflection->HasField(like, field)) continue;
    const auto value = [&](const v1::TrainSpec& spec) {
      return field->enum_type() != nullptr ? absl::AsciiStrToLower(reflection->GetEnum(spec, field)->name())
                                           : absl::StrCat(reflection->GetUInt32(spec, field));
    };
    if (value(imported) == value(like)) continue;
    return InvalidField(
        "LIKE_MISMATCH", name,
        absl::StrCat(name, " of the file is ", value(imported), ", but ", value(like), " was expected"));
  }
  return absl::OkStatus();
}

std::vector<std::string> HookNames(const v1::TrainSpec& spec) {
  static constexpr const char* kBlockHooks[] = {
      "hook_resid_pre", "ln1.hook_scale",        "ln1.hook_normalized", "attn.hook_q",         "attn.hook_k",
      "attn.hook_v",    "attn.hook_attn_scores", "attn.hook_pattern",   "attn.hook_z",         "attn.hook_result",
      "hook_attn_out",  "hook_resid_mid",        "ln2.hook_scale",      "ln2.hook_normalized", "mlp.hook_pre",
      "mlp.hook_post",  "hook_mlp_out",          "hook_resid_post"};
  std::vector<std::string> names = {"hook_embed", "hook_pos_embed"};
  for (uint32_t layer = 0; layer < spec.n_layers(); ++layer) {
    for (const char* hook : kBlockHooks) names.push_back(absl::StrCat("blocks.", layer, ".", hook));
  }
  names.push_back("ln_final.hook_scale");
  names.push_back("ln_final.hook_normalized");
  return names;
}

}  // namespace sumscope

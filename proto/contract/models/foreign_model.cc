#include "proto/contract/models/foreign_model.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/json_util.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

using Layout = ForeignTensor::Layout;

// How TransformerLens 3 calls and lays out what we call `ours`.
struct NewName {
  absl::string_view newer, ours;
  Layout layout;
};
constexpr std::array<NewName, 22> kNewNames = {{{"attn.q.weight", "attn.W_Q", Layout::kHeadsOut},
                                                {"attn.k.weight", "attn.W_K", Layout::kHeadsOut},
                                                {"attn.v.weight", "attn.W_V", Layout::kHeadsOut},
                                                {"attn.q.bias", "attn.b_Q", Layout::kSame},
                                                {"attn.k.bias", "attn.b_K", Layout::kSame},
                                                {"attn.v.bias", "attn.b_V", Layout::kSame},
                                                {"attn._W_K", "attn.W_K", Layout::kSame},
                                                {"attn._W_V", "attn.W_V", Layout::kSame},
                                                {"attn._b_K", "attn.b_K", Layout::kSame},
                                                {"attn._b_V", "attn.b_V", Layout::kSame},
                                                {"attn.o.weight", "attn.W_O", Layout::kHeadsIn},
                                                {"attn.o.bias", "attn.b_O", Layout::kSame},
                                                {"mlp.in.weight", "mlp.W_in", Layout::kTransposed},
                                                {"mlp.in.bias", "mlp.b_in", Layout::kSame},
                                                {"mlp.out.weight", "mlp.W_out", Layout::kTransposed},
                                                {"mlp.out.bias", "mlp.b_out", Layout::kSame},
                                                {"unembed.weight", "unembed.W_U", Layout::kTransposed},
                                                {"unembed.bias", "unembed.b_U", Layout::kSame},
                                                {"pos_embed.weight", "pos_embed.W_pos", Layout::kSame},
                                                {"embed.weight", "embed.W_E", Layout::kSame},
                                                {".weight", ".w", Layout::kSame},  // ln1, ln2, ln_final
                                                {".bias", ".b", Layout::kSame}}};

bool IsLayerNorm(absl::string_view name) {
  return absl::StrContains(name, ".ln1.") || absl::StrContains(name, ".ln2.") || absl::StartsWith(name, "ln_final.");
}

// What stands before embed.W_E, the shortest where there are several.
std::string PrefixOf(const SafetensorsHeader& file) {
  std::optional<std::string> prefix;
  for (const SafetensorsTensor& tensor : file.tensors) {
    for (const absl::string_view anchor : {"embed.W_E", "embed.weight"}) {
      absl::string_view before = tensor.name;
      if (!absl::ConsumeSuffix(&before, anchor) || !(before.empty() || absl::EndsWith(before, "."))) continue;
      if (!prefix.has_value() || before.size() < prefix->size()) prefix = std::string(before);
    }
  }
  return prefix.value_or("");
}

// Reads a header into our names, collecting what it did.
class Reader {
 public:
  Reader(const SafetensorsHeader& file, std::optional<uint32_t> n_heads) : file_(file), n_heads_(n_heads) {}

  absl::StatusOr<ForeignModel> Read(v1::Operation operation) {
    ReadHeads();
    const std::string prefix = PrefixOf(file_);
    if (!prefix.empty()) Note(absl::StrCat("names without their prefix ", Quote(prefix)));
    for (const SafetensorsTensor& tensor : file_.tensors) SUMSCOPE_RETURN_IF_ERROR(Add(prefix, tensor));
    Unfold();
    SetDtype();
    SUMSCOPE_ASSIGN_OR_RETURN(model_.spec, Infer(operation));
    if (model_.dtype == "F64") model_.spec.set_precision(v1::FLOAT64);
    for (const SafetensorsTensor& ours : ModelTensors(model_.spec)) {
      model_.tensors.push_back(std::move(tensors_.at(ours.name)));  // InferSpec saw it
    }
    return std::move(model_);
  }

 private:
  void Note(std::string note) { model_.notes.push_back(std::move(note)); }

  void ReadHeads() {
    const auto said = file_.metadata.find("n_heads");
    uint32_t heads = 0;
    if (said != file_.metadata.end() && absl::SimpleAtoi(said->second, &heads)) n_heads_ = heads;
  }

  absl::Status Add(const std::string& prefix, const SafetensorsTensor& tensor) {
    absl::string_view rest = tensor.name;
    absl::ConsumePrefix(&rest, prefix);
    std::string name = absl::StrReplaceAll(rest, {{"._original_component", ""}});
    ForeignTensor ours;
    for (const NewName& known : kNewNames) {
      const bool layer_norm = known.newer[0] == '.';
      if (!absl::EndsWith(name, known.newer) || (layer_norm && !IsLayerNorm(name))) continue;
      name.replace(name.size() - known.newer.size(), std::string::npos, std::string(known.ours));
      ours.layout = known.layout;
      if (!renamed_) Note(absl::StrCat("newer TransformerLens names, like ", Quote(tensor.name)));
      renamed_ = true;
      break;
    }
    if (IsModelBuffer(name)) return absl::OkStatus();
    ours.name = name;
    ours.source = tensor;
    SUMSCOPE_RETURN_IF_ERROR(SetShape(&ours));
    if (tensors_.try_emplace(name, std::move(ours)).second) return absl::OkStatus();
    return MakeError(absl::StatusCode::kInvalidArgument, "MODEL_TENSOR_TWICE",
                     absl::StrCat("the file has ", name, " twice, once as ", Quote(tensor.name)), {{"tensor", name}});
  }

  // Our shape of a tensor; one that its layout cannot have stays as it is, for InferSpec to say so.
  absl::Status SetShape(ForeignTensor* ours) {
    const std::vector<uint64_t>& shape = ours->source->shape;
    ours->shape = shape;
    const bool flat_bias =
        shape.size() == 1 && (absl::EndsWith(ours->name, ".b_Q") || absl::EndsWith(ours->name, ".b_K") ||
                              absl::EndsWith(ours->name, ".b_V"));
    const bool of_heads = ours->layout == Layout::kHeadsOut || ours->layout == Layout::kHeadsIn;
    if (of_heads && shape.size() != 2) ours->layout = Layout::kSame;  // by heads already
    if (ours->layout == Layout::kTransposed && shape.size() == 2) ours->shape = {shape[1], shape[0]};
    if (!flat_bias && !(of_heads && shape.size() == 2)) return absl::OkStatus();
    if (!n_heads_.has_value() || *n_heads_ == 0) {
      return MakeError(absl::StatusCode::kInvalidArgument, "MODEL_HEADS_UNKNOWN",
                       absl::StrCat("tensor ", Quote(ours->source->name), " [", absl::StrJoin(shape, ", "),
                                    "] holds all heads in one matrix, and nothing says how many: name a model of this "
                                    "shape (--like add_d5_l1_h3), or n_heads in the file's __metadata__"),
                       {{"tensor", ours->source->name}});
    }
    const uint64_t heads = *n_heads_, all = shape[ours->layout == Layout::kHeadsIn ? 1 : 0];
    if (all % heads != 0) {
      return MakeError(absl::StatusCode::kInvalidArgument, "MODEL_TENSOR_SHAPE",
                       absl::StrCat("tensor ", Quote(ours->source->name), " [", absl::StrJoin(shape, ", "),
                                    "] cannot be divided among ", heads, " heads"),
                       {{"tensor", ours->source->name}});
    }
    if (flat_bias) {
      ours->shape = {heads, all / heads};
    } else if (ours->layout == Layout::kHeadsOut) {
      ours->shape = {heads, shape[1], all / heads};
    } else {
      ours->shape = {heads, all / heads, shape[0]};
    }
    return absl::OkStatus();
  }

  // Gives a folded model its LayerNorms back.
  void Unfold() {
    const auto embed = tensors_.find("embed.W_E");
    const bool has_norms =
        std::any_of(tensors_.begin(), tensors_.end(), [](const auto& one) { return IsLayerNorm(one.first); });
    if (has_norms || embed == tensors_.end() || embed->second.shape.size() != 2) return;
    std::vector<std::string> norms = {"ln_final"};
    for (uint32_t layer = 0; layer < limits::kMaxLayers; ++layer) {
      const std::string block = absl::StrCat("blocks.", layer, ".");
      const auto first = tensors_.lower_bound(block);
      if (first == tensors_.end() || !absl::StartsWith(first->first, block)) continue;
      norms.insert(norms.end(), {block + "ln1", block + "ln2"});
    }
    for (const std::string& norm : norms) {
      for (const auto& [part, value] : {std::pair(".w", 1.0), std::pair(".b", 0.0)}) {
        tensors_[norm + part] = {norm + part, {embed->second.shape[1]}, std::nullopt, Layout::kSame, value};
      }
    }
    Note("no LayerNorms in the file: taken as folded into the matrices, scales 1, shifts 0");
  }

  // The widest float type of the file.
  void SetDtype() {
    std::set<std::string> dtypes;
    for (const auto& [name, tensor] : tensors_) {
      if (tensor.source.has_value() && IsFloat(tensor.source->dtype)) dtypes.insert(tensor.source->dtype);
    }
    model_.dtype = dtypes.count("F64") > 0 ? "F64" : "F32";
    if (dtypes.size() > 1 || (dtypes.size() == 1 && *dtypes.begin() != model_.dtype)) {
      Note(absl::StrCat("weights of type ", absl::StrJoin(dtypes, ", "), " kept as ", model_.dtype));
    }
  }

  static bool IsFloat(absl::string_view dtype) {
    return dtype == "F16" || dtype == "BF16" || dtype == "F32" || dtype == "F64";
  }

  absl::StatusOr<v1::TrainSpec> Infer(v1::Operation operation) const {
    SafetensorsHeader ours;
    for (const auto& [name, tensor] : tensors_) {
      const bool known = !tensor.source.has_value() || IsFloat(tensor.source->dtype);
      ours.tensors.push_back({name, known ? model_.dtype : tensor.source->dtype, tensor.shape});
    }
    return InferSpec(ours, operation);
  }

  const SafetensorsHeader& file_;
  std::optional<uint32_t> n_heads_;
  bool renamed_ = false;
  std::map<std::string, ForeignTensor> tensors_;  // by our name
  ForeignModel model_;
};

}  // namespace

uint64_t ForeignTensor::SourceIndex(uint64_t index) const {
  switch (layout) {
    case Layout::kSame:
      return index;
    case Layout::kTransposed:
      return index % shape[1] * shape[0] + index / shape[1];
    case Layout::kHeadsOut: {  // ours [head, d_model, d_head] of [head * d_head, d_model]
      const uint64_t e = index % shape[2], m = index / shape[2] % shape[1], head = index / shape[2] / shape[1];
      return (head * shape[2] + e) * shape[1] + m;
    }
    case Layout::kHeadsIn:  // ours [head, d_head, d_model] of [d_model, head * d_head]
      return index % shape[2] * (shape[0] * shape[1]) + index / shape[2];
  }
  return index;
}

std::optional<v1::TrainSpec> SpecOfMetadata(const SafetensorsHeader& file, std::string* note) {
  const auto said = file.metadata.find("spec");
  if (said == file.metadata.end()) return std::nullopt;
  constexpr size_t kMaxSpecText = 4096;  // one with every field has 600
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // of a later version
  v1::TrainSpec spec;
  const bool is_spec = said->second.size() <= kMaxSpecText &&
                       google::protobuf::util::JsonStringToMessage(said->second, &spec, options).ok() &&
                       spec.operation() != v1::OPERATION_UNSPECIFIED;
  spec.clear_insert_mode();
  spec.clear_init_from();
  if (spec.steps() == 0) spec.clear_steps();  // imported before
  spec = CompleteSpec(std::move(spec));
  if (is_spec && ValidateSpec(spec).ok()) return spec;
  *note = "the spec in the file's __metadata__ is none of ours and was not used";
  return std::nullopt;
}

absl::StatusOr<ForeignModel> ReadForeignModel(const SafetensorsHeader& file, v1::Operation operation,
                                              std::optional<uint32_t> n_heads) {
  return Reader(file, n_heads).Read(operation);
}

}  // namespace sumscope

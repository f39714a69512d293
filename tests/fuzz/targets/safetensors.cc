// The header of a safetensors file, and the foreign model that it describes. What is taken covers its data once, from
// the first byte to the last, and prints to the same header again.
#include "proto/contract/safetensors/safetensors.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/foreign_model.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/safetensors/safetensors_json.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

constexpr size_t kLengthBytes = 8;

std::string LengthField(uint64_t length) {
  std::string bytes;
  for (size_t i = 0; i < kLengthBytes; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes;
}

std::string Described(const SafetensorsHeader& header) {
  std::string text;
  for (const auto& [key, value] : header.metadata) absl::StrAppend(&text, key, "=", value, "\n");
  for (const SafetensorsTensor& tensor : header.tensors) {
    absl::StrAppend(&text, tensor.name, " ", tensor.dtype, " ", tensor.begin, " ", tensor.end);
    for (const uint64_t extent : tensor.shape) absl::StrAppend(&text, " ", extent);
    text += "\n";
  }
  return text;
}

void CheckCoverage(const SafetensorsHeader& header, uint64_t file_bytes) {
  uint64_t covered = 0;
  for (const SafetensorsTensor& tensor : header.tensors) {
    unsigned __int128 bytes = SafetensorsElementBytes(tensor.dtype);
    Require(bytes > 0, "a tensor's type is known");
    for (const uint64_t extent : tensor.shape) {
      bytes *= extent;
      if (bytes > UINT64_MAX) break;  // unless an extent to come is 0
    }
    const bool is_empty = std::count(tensor.shape.begin(), tensor.shape.end(), 0) > 0;
    Require(tensor.begin == covered && tensor.end >= tensor.begin, "a tensor begins where the one before it ends");
    Require(tensor.end - tensor.begin == (is_empty ? 0 : bytes), "a tensor has the bytes of its shape and type");
    covered = tensor.end;
  }
  Require(header.data_offset + covered == file_bytes, "the tensors end where the file does");
}

void CheckPrinting(const SafetensorsHeader& header) {
  const std::string printed = MakeSafetensorsPrefix(header.tensors, header.metadata);
  const uint64_t data = header.tensors.empty() ? 0 : header.tensors.back().end;
  const auto again = ParseSafetensorsHeader(printed, printed.size() + data);
  Require(again.ok(), absl::StrCat("a printed header is taken: ", again.status().ToString()));
  RequireEqual(Described(*again), Described(header), "a printed header is the same");
  RequireEqual(MakeSafetensorsPrefix(again->tensors, again->metadata), printed, "a header prints to the same bytes");
}

void CheckModel(const SafetensorsHeader& header, Input* choices) {
  const auto operation = static_cast<v1::Operation>(v1::ADD + choices->Byte() % 5);
  std::optional<uint32_t> heads;
  if (const uint8_t given = choices->Byte(); given > 0) heads = given - 1;
  const auto model = ReadForeignModel(header, operation, heads);
  if (!model.ok()) return RequireToldWell(model.status());
  v1::TrainSpec trained = model->spec;
  trained.set_steps(1);  // 0 of foreign weights
  Require(ValidateSpec(trained).ok(), "a foreign model has a spec as ours have");
  const std::vector<SafetensorsTensor> wanted = ModelTensors(model->spec);
  Require(wanted.size() == model->tensors.size(), "a foreign model has every tensor");
  for (size_t i = 0; i < wanted.size(); ++i) {
    const ForeignTensor& tensor = model->tensors[i];
    RequireEqual(tensor.name, wanted[i].name, "a foreign model's tensors are in our order");
    Require(tensor.shape == wanted[i].shape, "a foreign model's tensors have our shapes");
    if (!tensor.source.has_value()) continue;
    const auto product = [](const std::vector<uint64_t>& shape) {
      return std::accumulate(shape.begin(), shape.end(), uint64_t{1}, std::multiplies<>());
    };
    const uint64_t elements = product(tensor.shape);
    Require(product(tensor.source->shape) == elements, "a source has as many values as the tensor");
    for (const uint64_t index : {uint64_t{0}, elements / 2, elements - 1}) {
      Require(tensor.SourceIndex(index) < elements, "a value's place is within the source");
    }
  }
}

void CheckFile(absl::string_view prefix, uint64_t file_bytes, Input* choices) {
  const auto header = ParseSafetensorsHeader(prefix, file_bytes);
  if (!header.ok()) return RequireToldWell(header.status());
  CheckCoverage(*header, file_bytes);
  CheckPrinting(*header);
  CheckModel(*header, choices);
}

// The JSON of a model of ours, as a file has it behind its length.
std::string ModelJson(uint32_t layers, const char* before_names) {
  v1::TrainSpec spec;
  spec.set_n_digits(2);
  spec.set_n_layers(layers);
  spec.set_n_heads(2);
  spec.set_d_model(4);
  spec.set_d_head(2);
  spec.set_d_mlp(8);
  std::vector<SafetensorsTensor> tensors = ModelTensors(CompleteSpec(spec));
  for (SafetensorsTensor& tensor : tensors) tensor.name.insert(0, before_names);
  return MakeSafetensorsPrefix(tensors, {{"n_heads", "2"}}).substr(kLengthBytes);
}

}  // namespace

Corpus CorpusOfTarget() {
  Corpus corpus;
  const std::string choices(2, '\0');
  for (const std::string& json : {std::string("{}"), std::string(R"({"__metadata__":{"k":"v"}})"),
                                  std::string(R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})"),
                                  std::string(R"({"b":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},)"
                                              R"("a\u00e9":{"dtype":"I64","shape":[0,5],"data_offsets":[2,2]}})"),
                                  ModelJson(1, ""), ModelJson(2, "model.")}) {
    corpus.seeds.push_back(absl::StrCat(choices, json));
    corpus.seeds.push_back(absl::StrCat(choices, LengthField(json.size()), json));
  }
  corpus.words = {"\"dtype\":",
                  "\"shape\":",
                  "\"data_offsets\":",
                  "\"__metadata__\":",
                  "\"F64\"",
                  "\"F16\"",
                  "{",
                  "}",
                  "[",
                  "]",
                  ",",
                  "null",
                  "blocks.",
                  ".attn.W_Q",
                  "embed.weight",
                  ".attn.q.weight",
                  "\\u0000",
                  "\\ud800",
                  "_orig_mod.",
                  "ln_final.w",
                  "[0,0]",
                  "W_E"};
  return corpus;
}

}  // namespace sumscope::fuzz

// Two choices, then the first bytes of a file; taken once as they are, and once as the JSON of a file that has all the
// data that the JSON speaks of, for few mutations leave the length right.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  fuzz::Input choices(data, size);
  const absl::string_view bytes = fuzz::Input(data, size).Rest().substr(std::min<size_t>(size, 2));
  fuzz::CheckFile(bytes, bytes.size(), &choices);
  const auto json = ParseSafetensorsJson(bytes);
  if (!json.ok()) {
    fuzz::RequireToldWell(json.status());
    return 0;
  }
  uint64_t end = 0;
  for (const SafetensorsTensor& tensor : json->tensors) end = std::max(end, tensor.end);
  const std::string prefix = absl::StrCat(fuzz::LengthField(bytes.size()), bytes);
  fuzz::Input again(data, size);
  if (end <= UINT64_MAX - prefix.size()) fuzz::CheckFile(prefix, prefix.size() + end, &again);
  return 0;
}

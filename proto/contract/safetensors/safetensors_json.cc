#include "proto/contract/safetensors/safetensors_json.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDimensions = 64;

// The states are the places in {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [1], "data_offsets":
// [0, 4]}}; every event that does not belong to the place ends the parse.
class HeaderReader final : public Json::json_sax_t {
 public:
  explicit HeaderReader(SafetensorsHeader* header) : header_(header) {}

  const std::string& error() const { return error_; }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::kStart:
        place_ = Place::kTop;
        return true;
      case Place::kMetadataValue:
        place_ = Place::kMetadata;
        return true;
      case Place::kTensorValue:
        tensor_ = SafetensorsTensor();
        tensor_.name = key_;
        seen_fields_.clear();
        offsets_.clear();
        place_ = Place::kTensor;
        return true;
      default:
        return Unexpected("an object");
    }
  }

  bool end_object() override {
    if (place_ == Place::kMetadata) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTensor) {
      return EndTensor();
    } else {
      place_ = Place::kEnd;
    }
    return true;
  }

  bool key(std::string& key) override {
    if (place_ == Place::kTop) {
      if (!seen_names_.insert(key).second) return Fail(absl::StrCat("the key ", Quote(key), " appears twice"));
      place_ = key == "__metadata__" ? Place::kMetadataValue : Place::kTensorValue;
    } else if (place_ == Place::kMetadata) {
      if (header_->metadata.count(key) > 0) return Fail(absl::StrCat("metadata ", Quote(key), " appears twice"));
      place_ = Place::kMetadataText;
    } else {
      if (!seen_fields_.insert(key).second) return Fail(absl::StrCat("the key ", Quote(key), " appears twice"));
      if (key == "dtype") {
        place_ = Place::kDtype;
      } else if (key == "shape") {
        place_ = Place::kShape;
      } else if (key == "data_offsets") {
        place_ = Place::kOffsets;
      } else {
        return Fail(absl::StrCat("tensor ", Quote(tensor_.name), " has the unknown key ", Quote(key)));
      }
    }
    key_ = std::move(key);
    return true;
  }

  bool string(std::string& text) override {
    if (place_ == Place::kMetadataText) {
      header_->metadata[key_] = std::move(text);
      place_ = Place::kMetadata;
      return true;
    }
    if (place_ == Place::kDtype) {
      tensor_.dtype = std::move(text);
      place_ = Place::kTensor;
      return true;
    }
    return Unexpected("a string");
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::kShape) {
      place_ = Place::kShapeItems;
    } else if (place_ == Place::kOffsets) {
      place_ = Place::kOffsetItems;
    } else {
      return Unexpected("an array");
    }
    return true;
  }

  bool end_array() override {
    place_ = Place::kTensor;
    return true;
  }

  bool number_unsigned(number_unsigned_t number) override {
    if (place_ == Place::kShapeItems && tensor_.shape.size() < kMaxDimensions) {
      tensor_.shape.push_back(number);
      return true;
    }
    if (place_ == Place::kOffsetItems && offsets_.size() < 2) {
      offsets_.push_back(number);
      return true;
    }
    return Unexpected("a number");
  }

  // Integers beyond 64 bits arrive as floating point.
  bool number_integer(number_integer_t) override { return Unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override {
    return Unexpected("a number that is no 64-bit integer");
  }
  bool null() override { return Unexpected("null"); }
  bool boolean(bool) override { return Unexpected("a boolean"); }
  bool binary(binary_t&) override { return Unexpected("binary data"); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return Fail(absl::StrCat("it is not JSON at byte ", position));
  }

 private:
  enum class Place {
    kStart,
    kTop,
    kMetadataValue,
    kMetadata,
    kMetadataText,
    kTensorValue,
    kTensor,
    kDtype,
    kShape,
    kShapeItems,
    kOffsets,
    kOffsetItems,
    kEnd
  };

  bool Fail(std::string error) {
    error_ = std::move(error);
    return false;
  }

  bool Unexpected(const char* what) {
    return Fail(absl::StrCat("unexpected ", what, key_.empty() ? "" : " at ", key_.empty() ? "" : Quote(key_)));
  }

  bool EndTensor() {
    if (seen_fields_.size() != 3 || offsets_.size() != 2) {
      return Fail(absl::StrCat("tensor ", Quote(tensor_.name), " needs dtype, shape and two data_offsets"));
    }
    tensor_.begin = offsets_[0];
    tensor_.end = offsets_[1];
    header_->tensors.push_back(std::move(tensor_));
    place_ = Place::kTop;
    return true;
  }

  SafetensorsHeader* const header_;
  Place place_ = Place::kStart;
  std::string key_;
  std::set<std::string> seen_names_;
  std::set<std::string> seen_fields_;  // of the tensor being read
  SafetensorsTensor tensor_;
  std::vector<uint64_t> offsets_;
  std::string error_;
};

}  // namespace

absl::StatusOr<SafetensorsHeader> ParseSafetensorsJson(absl::string_view json) {
  SafetensorsHeader header;
  HeaderReader reader(&header);
  if (!Json::sax_parse(json.begin(), json.end(), &reader)) {
    return MakeError(absl::StatusCode::kInvalidArgument, "SAFETENSORS_HEADER_INVALID",
                     absl::StrCat("the safetensors header cannot be read: ", reader.error()));
  }
  return header;
}

}  // namespace sumscope

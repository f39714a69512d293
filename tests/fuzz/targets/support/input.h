#ifndef SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_INPUT_H_
#define SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_INPUT_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/contract/models/complete_spec.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::fuzz {

// Takes an input apart from its front on. Past its end every byte is 0.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool AtEnd() const { return rest_.empty(); }
  absl::string_view Rest() const { return rest_; }

  uint8_t Byte() { return static_cast<uint8_t>(Text(1).empty() ? 0 : taken_[0]); }
  // 8 bytes, the lowest first.
  uint64_t Number() {
    uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number |= uint64_t{Byte()} << (8 * i);
    return number;
  }
  // `size` bytes, or as many as are left.
  absl::string_view Text(size_t size) {
    taken_ = rest_.substr(0, size);
    rest_.remove_prefix(taken_.size());
    return taken_;
  }

 private:
  absl::string_view rest_;
  absl::string_view taken_;
};

// A complete and valid spec of any operation, size and format, from 4 bytes.
inline v1::TrainSpec TakeSpec(Input* input) {
  v1::TrainSpec spec;
  spec.set_operation(static_cast<v1::Operation>(v1::ADD + input->Byte() % 5));
  spec.set_n_digits(2 + input->Byte() % 19);
  const uint8_t shape = input->Byte();
  spec.set_n_layers(1 + shape % 8);
  spec.set_n_heads(1 + shape / 16);
  const bool plain = input->Byte() % 2 == 1;
  spec.set_format(plain && spec.operation() == v1::ADD ? v1::PLAIN : v1::SIGNED);
  return CompleteSpec(spec);
}

}  // namespace sumscope::fuzz

#endif  // SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_INPUT_H_

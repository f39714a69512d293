#ifndef SUMSCOPE_TESTS_PROTO_CONTRACT_SPECS_H_
#define SUMSCOPE_TESTS_PROTO_CONTRACT_SPECS_H_

#include <cstdint>

#include "proto/contract/models/complete_spec.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// The default model of this operation.
inline v1::TrainSpec SpecOf(v1::Operation operation, uint32_t n_digits = 5) {
  v1::TrainSpec spec = CompleteSpec({});
  spec.set_operation(operation);
  spec.set_n_digits(n_digits);
  return spec;
}

// 2 layers, 3 heads, 5 digits, signed where `format` does not say otherwise: positions 0..18.
inline v1::TrainSpec TwoLayerSpec(v1::Operation operation = v1::ADD, v1::Format format = v1::FORMAT_UNSPECIFIED) {
  v1::TrainSpec spec;
  spec.set_operation(operation);
  spec.set_n_digits(5);
  spec.set_n_layers(2);
  spec.set_n_heads(3);
  spec.set_format(format);
  return CompleteSpec(spec);
}

}  // namespace sumscope

#endif  // SUMSCOPE_TESTS_PROTO_CONTRACT_SPECS_H_

#ifndef SUMSCOPE_TESTS_SERVER_RPC_PREDICTIONS_SOME_QUESTIONS_H_
#define SUMSCOPE_TESTS_SERVER_RPC_PREDICTIONS_SOME_QUESTIONS_H_

#include <cstdint>

#include "proto/contract/models/complete_spec.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::rpc {

inline v1::TrainSpec TwoLayers() {
  v1::TrainSpec spec;
  spec.set_n_digits(5);  // n_ctx 19 of the signed format
  spec.set_n_layers(2);
  spec.set_n_heads(3);
  spec.set_d_model(96);
  spec.set_d_head(32);
  spec.set_d_mlp(384);
  return CompleteSpec(spec);
}

inline v1::QuestionSet Uniform(uint64_t count) {
  v1::QuestionSet questions;
  questions.mutable_uniform()->set_count(count);
  questions.set_operation(v1::ADD);
  return questions;
}

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_TESTS_SERVER_RPC_PREDICTIONS_SOME_QUESTIONS_H_

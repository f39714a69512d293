#ifndef SUMSCOPE_TESTS_SERVER_WORKER_TINY_SPEC_H_
#define SUMSCOPE_TESTS_SERVER_WORKER_TINY_SPEC_H_

#include "sumscope/v1/spec.pb.h"

namespace sumscope::worker {

// A complete spec of a model that trains 60 steps in well under a second.
inline sumscope::v1::TrainSpec TinySpec() {
  sumscope::v1::TrainSpec spec;
  spec.set_operation(sumscope::v1::ADD);
  spec.set_n_digits(3);
  spec.set_n_layers(1);
  spec.set_n_heads(2);
  spec.set_d_model(16);
  spec.set_d_head(8);
  spec.set_d_mlp(32);
  spec.set_format(sumscope::v1::SIGNED);
  spec.set_schedule(sumscope::v1::SCHEDULE_PAPER2);
  spec.set_enrichment(sumscope::v1::ENRICHMENT_PAPER2);
  spec.set_grokfast(false);
  spec.set_insert_mode(sumscope::v1::INSERT_NONE);
  spec.set_steps(60);
  spec.set_batch_size(16);
  spec.set_learning_rate(1e-3);
  spec.set_weight_decay(0.1);
  spec.set_beta1(0.9);
  spec.set_beta2(0.98);
  spec.set_epsilon(1e-8);
  spec.set_precision(sumscope::v1::FLOAT32);
  spec.set_seed(372001);
  return spec;
}

}  // namespace sumscope::worker

#endif  // SUMSCOPE_TESTS_SERVER_WORKER_TINY_SPEC_H_

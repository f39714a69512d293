// The one place that includes LibTorch, so that the precompiled header serves every file of the engine. Tensors, their
// operators and gradients, not all of torch/torch.h: an empty file behind that costs five seconds instead of two. A
// test that needs an optimiser includes it.
#ifndef SUMSCOPE_SERVER_ENGINE_RUNTIME_TORCH_H_
#define SUMSCOPE_SERVER_ENGINE_RUNTIME_TORCH_H_

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#endif  // SUMSCOPE_SERVER_ENGINE_RUNTIME_TORCH_H_

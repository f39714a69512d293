// The one place that includes LibTorch, so that the precompiled header serves every file of the engine.
#ifndef SUMSCOPE_SERVER_ENGINE_RUNTIME_TORCH_H_
#define SUMSCOPE_SERVER_ENGINE_RUNTIME_TORCH_H_

#include <torch/torch.h>

#endif  // SUMSCOPE_SERVER_ENGINE_RUNTIME_TORCH_H_

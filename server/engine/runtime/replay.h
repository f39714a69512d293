#ifndef SUMSCOPE_SERVER_ENGINE_RUNTIME_REPLAY_H_
#define SUMSCOPE_SERVER_ENGINE_RUNTIME_REPLAY_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// Work done on a device again and again, each time with the same tensors. On CUDA it is recorded as a graph and
// launched whole, on a stream of its own; elsewhere it is called each time. Thread-compatible.
class Replay {
 public:
  // On CUDA `work` must not wait for the device, nor read or copy from the host; it is called twice in all: the first
  // run does what libraries do once, the second is recorded. On CUDA without the CUDA set of LibTorch: throws
  // kInvalidArgument (DEVICE_UNAVAILABLE).
  static std::unique_ptr<Replay> Create(torch::Device device, std::function<void()> work);
  virtual ~Replay() = default;

  // So many runs: after all that the caller's stream was given before, and before all that it is given later. May
  // return before they are done. What `work` throws passes through.
  virtual void Run(uint64_t times) = 0;
};

// Replay::Create's choice on CUDA: one of replay_cuda.cc and replay_without_cuda.cc is built.
std::unique_ptr<Replay> CreateCudaReplay(torch::Device device, std::function<void()> work);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_RUNTIME_REPLAY_H_

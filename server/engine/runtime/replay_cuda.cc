#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <utility>

#include "server/engine/runtime/replay.h"

namespace sumscope::engine {
namespace {

class CudaReplay final : public Replay {
 public:
  CudaReplay(torch::Device device, std::function<void()> work)
      : work_(std::move(work)), stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index())) {}

  void Run(uint64_t times) override {
    const c10::cuda::CUDAStream callers = c10::cuda::getCurrentCUDAStream(stream_.device_index());
    Order(callers, stream_);
    {
      const c10::cuda::CUDAStreamGuard on_own(stream_);
      for (uint64_t i = 0; i < times; ++i) RunOnce();
    }
    Order(stream_, callers);
  }

 private:
  // What `second` is given from here on waits for what `first` has.
  static void Order(const c10::cuda::CUDAStream& first, const c10::cuda::CUDAStream& second) {
    at::cuda::CUDAEvent event;
    event.record(first);
    event.block(second);
  }

  void RunOnce() {
    if (!is_warm_) {
      work_();
      is_warm_ = true;
      return;
    }
    if (!is_recorded_) Record();
    graph_.replay();
  }

  void Record() {
    // Only this thread's calls are watched: others may use other devices.
    graph_.capture_begin(/*pool=*/{0, 0}, cudaStreamCaptureModeThreadLocal);
    try {
      work_();
    } catch (...) {
      graph_.capture_end();
      throw;
    }
    graph_.capture_end();
    is_recorded_ = true;
  }

  const std::function<void()> work_;
  const c10::cuda::CUDAStream stream_;
  at::cuda::CUDAGraph graph_;
  bool is_warm_ = false, is_recorded_ = false;
};

}  // namespace

std::unique_ptr<Replay> CreateCudaReplay(torch::Device device, std::function<void()> work) {
  return std::make_unique<CudaReplay>(device, std::move(work));
}

}  // namespace sumscope::engine

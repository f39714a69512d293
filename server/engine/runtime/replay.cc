#include "server/engine/runtime/replay.h"

#include <utility>

namespace sumscope::engine {
namespace {

class CallEachTime final : public Replay {
 public:
  explicit CallEachTime(std::function<void()> work) : work_(std::move(work)) {}

  void Run(uint64_t times) override {
    for (uint64_t i = 0; i < times; ++i) work_();
  }

 private:
  const std::function<void()> work_;
};

}  // namespace

std::unique_ptr<Replay> Replay::Create(torch::Device device, std::function<void()> work) {
  if (device.is_cuda()) return CreateCudaReplay(device, std::move(work));
  return std::make_unique<CallEachTime>(std::move(work));
}

}  // namespace sumscope::engine

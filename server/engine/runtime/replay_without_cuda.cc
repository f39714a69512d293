#include "server/engine/runtime/error.h"
#include "server/engine/runtime/replay.h"

namespace sumscope::engine {

std::unique_ptr<Replay> CreateCudaReplay(torch::Device device, std::function<void()>) {
  throw Error(ErrorKind::kInvalidArgument, "DEVICE_UNAVAILABLE",
              "device " + device.str() + " needs the CUDA set of LibTorch: deploy/dependencies.sh --gpu");
}

}  // namespace sumscope::engine

#ifndef SUMSCOPE_TESTS_SERVER_ENGINE_REASON_OF_H_
#define SUMSCOPE_TESTS_SERVER_ENGINE_REASON_OF_H_

#include <functional>
#include <string>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {

// The reason of the engine::Error that `action` throws; "" without one.
inline std::string ReasonOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.reason;
  }
  return "";
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_SERVER_ENGINE_REASON_OF_H_

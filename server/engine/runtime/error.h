#ifndef SUMSCOPE_SERVER_ENGINE_RUNTIME_ERROR_H_
#define SUMSCOPE_SERVER_ENGINE_RUNTIME_ERROR_H_

#include <stdexcept>
#include <string>
#include <utility>

namespace sumscope::engine {

enum class ErrorKind {
  kInvalidArgument,  // the caller's input is wrong
  kNonFinite,        // a loss became NaN or infinite
  kCancelled,        // the progress function said stop
  kCorrupt,          // stored tensors are not what they claim to be
  kInternal,         // a broken invariant of the engine itself
};

// The one exception that the engine throws on purpose. `reason` is a stable UPPER_SNAKE word, what() is for people.
// LibTorch's own exceptions (c10::Error) pass through unchanged.
struct Error : std::runtime_error {
  Error(ErrorKind error_kind, std::string error_reason, const std::string& message)
      : std::runtime_error(message), kind(error_kind), reason(std::move(error_reason)) {}

  ErrorKind kind;
  std::string reason;
};

[[noreturn]] inline void RefuseInput(const char* reason, const std::string& message) {
  throw Error(ErrorKind::kInvalidArgument, reason, message);
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_RUNTIME_ERROR_H_

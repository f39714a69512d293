#ifndef SUMSCOPE_PROTO_CONTRACT_BASE_RANDOM_IDS_H_
#define SUMSCOPE_PROTO_CONTRACT_BASE_RANDOM_IDS_H_

#include <string>

namespace sumscope {

// Where identifiers come from; a constructor argument, so that tests decide. Thread-safe.
class IdSource {
 public:
  virtual ~IdSource() = default;
  // `prefix` and 7 characters of lower-case Crockford base32: r7k2m9qa for a run.
  virtual std::string NewId(char prefix) = 0;
  // A UUID4 in its usual text form.
  virtual std::string NewUuid() = 0;
  // 32 bytes that nobody guesses, as 43 characters of base64url.
  virtual std::string NewSecret() = 0;

  // The operating system's randomness. Never deleted.
  static IdSource* Real();
};

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_BASE_RANDOM_IDS_H_

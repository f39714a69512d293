#ifndef SUMSCOPE_TESTS_STORAGE_FAULTS_FAULTS_H_
#define SUMSCOPE_TESTS_STORAGE_FAULTS_FAULTS_H_

#include <cstdint>
#include <limits>
#include <optional>

namespace sumscope::storage {

// Which of the operations on files fails, and how. One sequence of FaultVfs and FaultEnv. Thread-compatible.
class Faults {
 public:
  enum class Moment {
    kBefore,  // nothing is done
    kMiddle,  // a write is done by half; else as kBefore
    kAfter,   // it is done, and said to have failed
  };
  // The operation number `at`, counted from now on, fails; with `for_good` all after it do as well, as when the process
  // died there.
  void Arm(int64_t at, Moment moment, bool for_good) {
    ArmSome(at, moment, for_good ? std::numeric_limits<int64_t>::max() : 1);
  }
  // That one and those after it, `some` altogether: the first as `moment` says, the others before anything is done.
  void ArmSome(int64_t at, Moment moment, int64_t some) {
    at_ = at;
    moment_ = moment;
    some_ = some;
    armed_ = true;
    count_ = 0;
    fired_ = false;
  }
  void Disarm() { armed_ = false; }
  bool fired() const { return fired_; }

  // How the next operation fails; nullopt when it does not.
  std::optional<Moment> Next() {
    if (!armed_) return std::nullopt;
    const int64_t number = count_++;
    if (number < at_ || number - at_ >= some_) return std::nullopt;
    fired_ = true;
    return number == at_ ? moment_ : Moment::kBefore;
  }

 private:
  int64_t at_ = 0, some_ = 0, count_ = 0;
  Moment moment_ = Moment::kBefore;
  bool armed_ = false, fired_ = false;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_TESTS_STORAGE_FAULTS_FAULTS_H_

#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_STATE_BYTES_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_STATE_BYTES_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace sumscope::engine {

// Numbers as bytes, for whoever lists them once for both ways: StateWriter and StateReader have the same functions.
// They are for the same program on the same kind of machine, as another one would count otherwise anyway.
class StateWriter {
 public:
  void Number(uint64_t* value) { Append(*value); }
  void Real(double* value) { Append(*value); }
  void Byte(uint8_t* value) { Append(*value); }
  // A number that both ways know.
  void Expect(uint64_t value) { Append(value); }
  // The size of a list; its elements are listed afterwards.
  template <typename T>
  void Size(std::vector<T>* list, uint64_t /*most*/) {
    Append(static_cast<uint64_t>(list->size()));
  }
  void Require(bool /*sound*/) {}

  std::string Take() && { return std::move(bytes_); }

 private:
  template <typename T>
  void Append(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  std::string bytes_;
};

// Reads what a StateWriter wrote. After bytes that are not so, everything is zero or empty, and ok() false.
class StateReader {
 public:
  explicit StateReader(const std::string& bytes) : bytes_(bytes) {}

  void Number(uint64_t* value) { Read(value); }
  void Real(double* value) { Read(value); }
  void Byte(uint8_t* value) { Read(value); }
  void Expect(uint64_t value) {
    uint64_t found = 0;
    Read(&found);
    ok_ = ok_ && found == value;
  }
  template <typename T>
  void Size(std::vector<T>* list, uint64_t most) {
    uint64_t size = 0;
    Read(&size);
    ok_ = ok_ && size <= most;
    list->clear();
    if (ok_) list->resize(size);
  }
  void Require(bool sound) { ok_ = ok_ && sound; }

  bool ok() const { return ok_; }
  bool at_end() const { return next_ == bytes_.size(); }

 private:
  template <typename T>
  void Read(T* value) {
    *value = T{};
    ok_ = ok_ && bytes_.size() - next_ >= sizeof(T);
    if (!ok_) return;
    std::memcpy(value, bytes_.data() + next_, sizeof(T));
    next_ += sizeof(T);
  }
  const std::string& bytes_;
  size_t next_ = 0;
  bool ok_ = true;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_STATE_BYTES_H_

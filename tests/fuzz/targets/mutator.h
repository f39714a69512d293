#ifndef SUMSCOPE_TESTS_FUZZ_TARGETS_MUTATOR_H_
#define SUMSCOPE_TESTS_FUZZ_TARGETS_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {

// Makes inputs of a corpus.
//
// Goals: input I of seed S is a function of (corpus, I, S) alone, so that a find can be made again. Non-goals: to learn
// from what the target did with an input; who wants that links the target to libFuzzer.
//
// Thread-compatible.
class Mutator {
 public:
  static constexpr size_t kMaxBytes = 16 << 10;  // of an input

  Mutator(Corpus corpus, uint64_t seed) : corpus_(std::move(corpus)), seed_(seed) {}

  // The first are the corpus' own; later ones are 1 to 16 changes to one of these, to halves of two, or to noise. Half
  // of them have one change, and every other change puts one word for another: both leave most of a grammar intact.
  std::string Input(uint64_t run);

 private:
  uint64_t Draw();
  size_t Below(size_t bound);  // 0 of 0
  std::string Start();
  std::string Piece(const std::string& input);
  void Change(std::string* input);
  void ChangeNumber(std::string* input);
  void ChangeToken(std::string* input);

  const Corpus corpus_;
  const uint64_t seed_;
  uint64_t state_ = 0;
};

}  // namespace sumscope::fuzz

#endif  // SUMSCOPE_TESTS_FUZZ_TARGETS_MUTATOR_H_

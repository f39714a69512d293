#ifndef SUMSCOPE_TESTS_FUZZ_TARGETS_TARGET_H_
#define SUMSCOPE_TESTS_FUZZ_TARGETS_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Each target defines both of these in one source; the driver, or libFuzzer, calls them.

// Feeds one input to the code under test and aborts where one of its properties does not hold. Always 0.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace sumscope::fuzz {

struct Corpus {
  std::vector<std::string> seeds;  // inputs, most of them good ones, that mutations start from
  std::vector<std::string> words;  // what the language under test is made of, for mutations to insert
};
Corpus CorpusOfTarget();

}  // namespace sumscope::fuzz

#endif  // SUMSCOPE_TESTS_FUZZ_TARGETS_TARGET_H_

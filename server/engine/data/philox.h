#ifndef SUMSCOPE_SERVER_ENGINE_DATA_PHILOX_H_
#define SUMSCOPE_SERVER_ENGINE_DATA_PHILOX_H_

#include <array>
#include <cstdint>

namespace sumscope::engine {

using PhiloxBlock = std::array<uint32_t, 4>;

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
inline PhiloxBlock Philox4x32(PhiloxBlock counter, uint64_t key) {
  uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key0, static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key1, static_cast<uint32_t>(product0)};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return counter;
}

// What a random number is for: the streams of science.md section 3.
enum class Stream : uint32_t { kWeights = 0, kTraining = 1, kHeldout = 2, kAnalysis = 3 };

// The four words at (seed, stream, step, row, column).
inline PhiloxBlock DrawBlock(uint64_t seed, Stream stream, uint64_t step, uint32_t row, uint32_t column) {
  return Philox4x32({static_cast<uint32_t>(step), static_cast<uint32_t>(step >> 32), row,
                     static_cast<uint32_t>(stream) * 65536u + column},
                    seed);
}

// Maps a word to 0 .. count-1, each with probability 1/count up to 2^-32.
inline uint32_t Below(uint32_t word, uint32_t count) { return static_cast<uint32_t>((uint64_t{word} * count) >> 32); }

// True with the given probability, up to 2^-32.
inline bool Happens(uint32_t word, double probability) { return word < probability * 4294967296.0; }

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_DATA_PHILOX_H_

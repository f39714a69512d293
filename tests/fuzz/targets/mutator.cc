#include "tests/fuzz/targets/mutator.h"

#include <algorithm>

namespace sumscope::fuzz {
namespace {

constexpr size_t kMaxChanges = 16, kMaxNoise = 64, kMaxRepeats = 512;

// Bytes and numbers at which code tends to turn.
constexpr char kBytes[] = "\0\1\t\n\r \"'#*+,-./09:;<=>@AZ[\\]_az{|}\x7f\x80\xc3\xed\xff";
constexpr const char* kNumbers[] = {"0",          "1",          "9",
                                    "10",         "255",        "256",
                                    "2147483647", "2147483648", "4294967295",
                                    "4294967296", "-1",         "9223372036854775807",
                                    "1e400",      "0.5",        "18446744073709551615",
                                    "1e-400",     "007",        "18446744073709551616"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<signed char>(c) < 0;
}

// The word around a place of the text, or the sign at it.
struct Token {
  size_t begin = 0, length = 0;
};
Token TokenAt(const std::string& text, size_t at) {
  if (at >= text.size()) return {at, 0};
  if (!IsWord(text[at])) return {at, 1};
  size_t begin = at, end = at;
  while (begin > 0 && IsWord(text[begin - 1])) --begin;
  while (end < text.size() && IsWord(text[end])) ++end;
  return {begin, end - begin};
}

}  // namespace

// SplitMix64 (Steele, Lea and Flood 2014): any state is a good one.
uint64_t Mutator::Draw() {
  uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return mixed ^ mixed >> 31;
}

size_t Mutator::Below(size_t bound) { return bound == 0 ? 0 : Draw() % bound; }

std::string Mutator::Input(uint64_t run) {
  if (run < corpus_.seeds.size()) return corpus_.seeds[run];
  state_ = seed_;
  state_ = Draw() ^ run;
  std::string input = Start();
  for (size_t changes = Below(2) == 0 ? 1 : 1 + Below(kMaxChanges); changes > 0; --changes) Change(&input);
  if (input.size() > kMaxBytes) input.resize(kMaxBytes);
  return input;
}

std::string Mutator::Start() {
  constexpr size_t kNoiseOneIn = 32, kHalvesOneIn = 8;
  if (corpus_.seeds.empty() || Below(kNoiseOneIn) == 0) {
    std::string noise(Below(kMaxNoise), '\0');
    for (char& c : noise) c = static_cast<char>(Draw());
    return noise;
  }
  const std::string& seed = corpus_.seeds[Below(corpus_.seeds.size())];
  if (Below(kHalvesOneIn) > 0) return seed;
  const std::string& other = corpus_.seeds[Below(corpus_.seeds.size())];
  return seed.substr(0, Below(seed.size() + 1)) + other.substr(Below(other.size() + 1));
}

// What a change inserts: a byte, a word, a part of the input itself or of another seed.
std::string Mutator::Piece(const std::string& input) {
  switch (Below(5)) {
    case 0:
      return std::string(1, static_cast<char>(Draw()));
    case 1:
      return std::string(1, kBytes[Below(sizeof(kBytes) - 1)]);
    case 2: {
      const size_t at = Below(input.size());
      return input.substr(std::min(at, input.size()), Below(kMaxNoise));
    }
    case 3:
      if (!corpus_.seeds.empty()) {
        const std::string& seed = corpus_.seeds[Below(corpus_.seeds.size())];
        return seed.substr(Below(seed.size() + 1), Below(kMaxNoise));
      }
      [[fallthrough]];
    default:
      return corpus_.words.empty() ? "" : corpus_.words[Below(corpus_.words.size())];
  }
}

void Mutator::ChangeNumber(std::string* input) {
  const size_t begin = std::find_if(input->begin() + Below(input->size()), input->end(), IsDigit) - input->begin();
  size_t end = begin;
  while (end < input->size() && IsDigit((*input)[end])) ++end;
  if (begin < end) input->replace(begin, end - begin, kNumbers[Below(std::size(kNumbers))]);
}

// Puts a word or sign of another place or seed in the place of one here, words for words.
void Mutator::ChangeToken(std::string* input) {
  constexpr int kTries = 8;
  if (input->empty() || corpus_.seeds.empty()) return;
  const Token here = TokenAt(*input, Below(input->size()));
  const std::string& seed = Below(2) == 0 ? *input : corpus_.seeds[Below(corpus_.seeds.size())];
  for (int i = 0; i < kTries && !seed.empty(); ++i) {
    const Token other = TokenAt(seed, Below(seed.size()));
    if (IsWord(seed[other.begin]) != IsWord((*input)[here.begin])) continue;
    input->replace(here.begin, here.length, std::string(seed, other.begin, other.length));
    return;
  }
}

void Mutator::Change(std::string* input) {
  if (Below(2) == 0) return Below(4) == 0 ? ChangeNumber(input) : ChangeToken(input);
  const size_t at = Below(input->size() + 1);
  const size_t length = std::min(Below(kMaxNoise), input->size() - at);
  switch (Below(7)) {
    case 0:
      if (at < input->size()) (*input)[at] = static_cast<char>((*input)[at] ^ 1 << Below(8));
      return;
    case 1:
      input->erase(at, Below(4) == 0 ? std::string::npos : length);
      return;
    case 2:
      input->replace(at, length, Piece(*input));
      return;
    case 3: {
      const std::string moved = input->substr(at, length);
      input->erase(at, length);
      input->insert(Below(input->size() + 1), moved);
      return;
    }
    case 4: {
      const std::string piece = Piece(*input);
      const size_t room = kMaxBytes - std::min(kMaxBytes, input->size());
      size_t times = 1 + Below(1 + Below(kMaxRepeats));
      times = piece.empty() ? 0 : std::min(times, room / piece.size());
      std::string repeated;
      for (; times > 0; --times) repeated += piece;
      input->insert(at, repeated);
      return;
    }
    default:
      input->insert(at, Piece(*input));
  }
}

}  // namespace sumscope::fuzz

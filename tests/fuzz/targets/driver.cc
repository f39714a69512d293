// The driver of a fuzz target where libFuzzer is not linked: mutates the target's corpus for a time or a number of
// runs. An input at which the process dies, or with which it is not done in a minute, is printed in hex; --hex runs it
// again.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/fuzz/targets/mutator.h"
#include "tests/fuzz/targets/target.h"

// There in builds with a sanitizer, which ends the process without a signal.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace sumscope::fuzz {
namespace {

constexpr unsigned kMaxSecondsOfARun = 60;
constexpr int kDeadly[] = {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV};

struct Options {
  double seconds = std::numeric_limits<double>::infinity();
  uint64_t runs = std::numeric_limits<uint64_t>::max();
  uint64_t seed = 1;
  std::optional<std::string> hex;  // of the one input to run
  std::optional<std::string> corpus_folder;
};

// What a signal's handler needs, which can take no arguments.
const std::string* current_input = nullptr;

// Only calls that a handler may make.
void PrintInput() {
  constexpr char kDigits[] = "0123456789abcdef", kBefore[] = "\ninput: --hex ";
  if (current_input == nullptr) return;
  (void)!write(STDERR_FILENO, kBefore, sizeof(kBefore) - 1);
  for (const char c : *current_input) {
    const auto byte = static_cast<unsigned char>(c);
    const char hex[] = {kDigits[byte / 16], kDigits[byte % 16]};
    (void)!write(STDERR_FILENO, hex, sizeof(hex));
  }
  (void)!write(STDERR_FILENO, "\n", 1);
}

void Die(int signal) {
  PrintInput();
  raise(signal);  // SA_RESETHAND: now with the default action
}

// On a stack of its own: deep recursion leaves none.
void PrintInputOnDeath() {
  static char stack[64 << 10];
  stack_t own = {};
  own.ss_sp = stack;
  own.ss_size = sizeof(stack);
  sigaltstack(&own, nullptr);
  struct sigaction action = {};
  action.sa_handler = Die;
  action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
  for (const int signal : kDeadly) sigaction(signal, &action, nullptr);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(PrintInput);
}

void RunOne(const std::string& input) {
  current_input = &input;
  alarm(kMaxSecondsOfARun);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  alarm(0);
  current_input = nullptr;
}

void RunMany(const Options& options) {
  using Clock = std::chrono::steady_clock;
  Mutator mutator(CorpusOfTarget(), options.seed);
  const Clock::time_point start = Clock::now();
  const auto seconds = [&start] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  uint64_t run = 0;
  for (; run < options.runs && seconds() < options.seconds; ++run) RunOne(mutator.Input(run));
  std::printf("%llu runs of seed %llu in %.1f s: clean\n", static_cast<unsigned long long>(run),
              static_cast<unsigned long long>(options.seed), seconds());
}

// One file for each seed, which is how libFuzzer takes a corpus.
void WriteCorpus(const std::string& folder) {
  const Corpus corpus = CorpusOfTarget();
  for (size_t i = 0; i < corpus.seeds.size(); ++i) {
    std::ofstream(absl::StrCat(folder, "/", i), std::ios::binary) << corpus.seeds[i];
  }
}

bool ParseOption(const std::string& name, const std::string& value, Options* options) {
  if (name == "--seconds") return absl::SimpleAtod(value, &options->seconds);
  if (name == "--runs") return absl::SimpleAtoi(value, &options->runs);
  if (name == "--seed") return absl::SimpleAtoi(value, &options->seed);
  if (name == "--hex") options->hex = value;
  if (name == "--write-corpus") options->corpus_folder = value;
  return name == "--hex" || name == "--write-corpus";
}

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && ParseOption(argv[i], argv[i + 1], &options)) continue;
    std::fprintf(stderr, "usage: %s [--seconds S] [--runs N] [--seed K] | --hex INPUT | --write-corpus FOLDER\n",
                 argv[0]);
    return 2;
  }
  PrintInputOnDeath();
  if (options.corpus_folder.has_value()) {
    WriteCorpus(*options.corpus_folder);
  } else if (options.hex.has_value()) {
    RunOne(absl::HexStringToBytes(*options.hex));
  } else {
    RunMany(options);
  }
  return 0;
}

}  // namespace
}  // namespace sumscope::fuzz

int main(int argc, char** argv) { return sumscope::fuzz::Main(argc, argv); }

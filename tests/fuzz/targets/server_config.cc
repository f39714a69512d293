// The text of sumscoped.toml. What is taken prints to a text that is read as the same configuration.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/config.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/support/toml_text.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

std::string List(const std::vector<std::string>& texts) {
  return absl::StrCat("[", absl::StrJoin(texts, ", ", [](auto* out, const auto& text) { *out += TomlText(text); }),
                      "]");
}

std::string Print(const ServerConfig& config) {
  std::vector<std::string> slots;
  for (const workers::SlotConfig& slot : config.slots) {
    slots.push_back(absl::StrCat(slot.name, ":", slot.device, ":", slot.threads));
  }
  return absl::StrCat("data_directory = ", TomlText(config.data_directory), "\nlisten = ", List(config.listen),
                      "\ninsecure_loopback = ", config.insecure_loopback ? "true" : "false",
                      "\nworker_program = ", TomlText(config.worker_program), "\nslots = ", List(slots),
                      "\nresume_interval_seconds = ", absl::StrFormat("%.17e", config.resume_interval_seconds),
                      "\ncapture_limit_bytes = ", config.capture_limit_bytes, "\n");
}

// Whether ValidateConfig would ask the resolver, which answers as the machine likes.
bool NamesALocalhost(const ServerConfig& config) {
  for (const std::string& address : config.listen) {
    if (absl::StartsWith(address, "localhost:")) return true;
  }
  return false;
}

}  // namespace

Corpus CorpusOfTarget() {
  return {{"data_directory = \"/var/lib/sumscope\"\nlisten = [\"unix:/run/sumscope.sock\", \"127.0.0.1:7433\"]\n"
           "insecure_loopback = true\nslots = [\"cpu0:cpu:2\", \"gpu0:cuda:0:4\"]\nresume_interval_seconds = 30\n"
           "capture_limit_bytes = 20_000_000_000\n",
           "worker_program = '''/opt/sumscope-worker'''\nresume_interval_seconds = 0.5\n", "",
           "slots = [ # two\n\"a-1:cpu:1\",\n\"b:cuda:12:1024\",\n]\nlisten = ['[::1]:0']\n",
           "\"data_directory\" = \"\"\"\\u00e9\\\n   x\"\"\"\ncapture_limit_bytes = 0xff\n"},
          {"data_directory",
           "listen",
           "insecure_loopback",
           "worker_program",
           "slots",
           "resume_interval_seconds",
           "capture_limit_bytes",
           " = ",
           "\"",
           "'''",
           "\"\"\"",
           "[",
           "]",
           "[[a]]",
           "[a.b]",
           "{",
           "}",
           "{a=",
           "a.",
           "\\u0000",
           "\\U0010ffff",
           "\\ud800",
           "#",
           "\n",
           "\r\n",
           "true",
           "nan",
           "-inf",
           "1979-05-27T07:32:00Z",
           "07:32:00",
           "0o7",
           "0b1",
           "1e5",
           "+1",
           "_",
           ":cpu:1",
           ":cuda:0:1",
           "\xef\xbb\xbf"}};
}

}  // namespace sumscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  ServerConfig config;
  const absl::Status read = ReadConfigText(fuzz::Input(data, size).Rest(), "sumscoped.toml", &config);
  if (!read.ok()) {
    fuzz::RequireToldWell(read);
    return 0;
  }
  const std::string printed = fuzz::Print(config);
  ServerConfig again;
  const absl::Status taken = ReadConfigText(printed, "printed.toml", &again);
  fuzz::Require(taken.ok(), absl::StrCat("a printed configuration is taken: ", taken.ToString(), "\n", printed));
  fuzz::RequireEqual(fuzz::Print(again), printed, "a printed configuration is the same");
  if (fuzz::NamesALocalhost(config)) return 0;
  if (const absl::Status valid = ValidateConfig(config); !valid.ok()) fuzz::RequireToldWell(valid);
  return 0;
}

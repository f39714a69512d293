// Names of resources, ids and file names. What is taken prints to the name that was read.
#include "proto/contract/names/resource_names.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

template <typename Parsed, typename Print>
void CheckName(const absl::StatusOr<Parsed>& parsed, absl::string_view name, const Print& print) {
  if (!parsed.ok()) return RequireToldWell(parsed.status());
  RequireEqual(print(*parsed), name, "a name prints as it was read");
}

std::string Print(const CheckpointRef& ref) {
  return ref.step.has_value() ? CheckpointName(ref.run, *ref.step) : RunName(ref.run);
}

void CheckNames(absl::string_view name) {
  CheckName(ParseRunName(name), name, [](const std::string& run) { return RunName(run); });
  CheckName(ParseAnalysisName(name), name, [](const AnalysisRef& ref) { return AnalysisName(ref.run, ref.analysis); });
  CheckName(ParseCaptureName(name), name, [](const CaptureRef& ref) { return CaptureName(ref.run, ref.capture); });
  CheckName(ParseQuestionSetName(name), name, [](const std::string& sha256) { return QuestionSetName(sha256); });
  // The last checkpoint has two names.
  const auto checkpoint = ParseCheckpointName(name);
  if (!checkpoint.ok()) return RequireToldWell(checkpoint.status());
  const std::string last = absl::StrCat(RunName(checkpoint->run), "/checkpoints/last");
  if (checkpoint->step.has_value() || name != last) RequireEqual(Print(*checkpoint), name, "a checkpoint's name");
}

void CheckTexts(absl::string_view text) {
  if (const absl::Status valid = ValidateRunId(text); !valid.ok()) {
    RequireToldWell(valid);
  } else {
    Require(ParseRunName(RunName(text)).ok(), "a valid id is that of a run's name");
    Require(IdOf(RunName(text)) == text, "a run's name ends in its id");
  }
  if (const absl::Status valid = ValidateFileName("file_name", text); !valid.ok()) {
    RequireToldWell(valid);
  } else {
    Require(text.size() <= limits::kMaxFileNameLength && text.find('\n') == absl::string_view::npos,
            "a file name is short and on one line");
  }
}

}  // namespace

Corpus CorpusOfTarget() {
  return {
      {"runs/r7k2m9qa", "runs/@last", "runs/r7k2m9qa/checkpoints/15000", "runs/r7k2m9qa/checkpoints/last",
       "runs/r7k2m9qa/analyses/a1b2c3d4", "runs/r7k2m9qa/captures/c1b2c3d4",
       "questionSets/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "r7k2m9qa",
       "weights of mine.safetensors"},
      {"runs/", "/", "/checkpoints/", "/analyses/", "/captures/", "last", "@last", "questionSets/", "-", "0", ".."}};
}

}  // namespace sumscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = sumscope::fuzz::Input(data, size).Rest();
  sumscope::fuzz::CheckNames(text);
  sumscope::fuzz::CheckTexts(text);
  return 0;
}

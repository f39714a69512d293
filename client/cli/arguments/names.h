#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_NAMES_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_NAMES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/probes.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::client {

// RUN of the command line: a full id, a unique prefix or @last, with or without "runs/". The server looks it up.
// INVALID_ARGUMENT RESOURCE_NAME_INVALID.
absl::StatusOr<std::string> RunNameOf(absl::string_view text);

// RUN[@STEP]: runs/{run} (the last checkpoint) or runs/{run}/checkpoints/{step}.
struct CheckpointArgument {
  std::string run;         // runs/{run}
  std::string checkpoint;  // runs/{run}/checkpoints/{step}, step "last" when none was given
  bool last = true;
};
absl::StatusOr<CheckpointArgument> CheckpointNameOf(absl::string_view text);

// A kind of analysis as the wire has it, useful_nodes for "useful-nodes"; "" stays. INVALID_ARGUMENT ANALYSIS_UNKNOWN
// naming the nearest.
absl::StatusOr<std::string> AnalysisKindOf(absl::string_view text);

// "r7k2m9qa" of "runs/r7k2m9qa/..".
std::string RunIdOf(absl::string_view name);
// "r7k2m9qa/a1b2c3d4" of runs/r7k2m9qa/analyses/a1b2c3d4: what people read, and commands take.
std::string ShortNameOf(absl::string_view name);

// Labels given as k=v. INVALID_ARGUMENT LABEL_INVALID.
absl::StatusOr<std::map<std::string, std::string>> ParseLabels(const std::vector<std::string>& texts);

// Spec fields given as field=value, several joined by commas. Errors of SetSpecField, SETTING_INVALID.
absl::Status ApplySettings(const std::vector<std::string>& texts, v1::TrainSpec* spec);

// "add", "sub", "mul", "mix" or "mas"; "" is unspecified. INVALID_ARGUMENT OPERATION_INVALID.
absl::StatusOr<v1::Operation> ParseOperation(absl::string_view text);

// "mean", "zero" or "resample"; "" is unspecified. INVALID_ARGUMENT ABLATION_MODE_INVALID.
absl::StatusOr<v1::AblationMode> ParseAblationMode(absl::string_view text);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_NAMES_H_

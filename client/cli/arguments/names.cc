#include "client/cli/arguments/names.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {
namespace {

// The two halves of "a=b", with an error that says what was expected.
absl::StatusOr<std::pair<std::string, std::string>> SplitPair(absl::string_view text, absl::string_view reason,
                                                              absl::string_view expected) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (parts.first.empty() || !absl::StrContains(text, '=')) {
    return InvalidField(reason, "", absl::StrCat(Quote(text), " is not of the form ", expected));
  }
  return std::pair<std::string, std::string>(parts.first, parts.second);
}

constexpr char kRunExpected[] = "a run id, a unique prefix of one, or @last";

absl::Status NoName(absl::string_view text, absl::string_view expected) {
  return InvalidField("RESOURCE_NAME_INVALID", "name", absl::StrCat(Quote(text), " names no run; expected ", expected));
}

}  // namespace

absl::StatusOr<std::string> RunNameOf(absl::string_view text) {
  const absl::StatusOr<std::string> id = ParseRunName(absl::StrCat("runs/", absl::StripPrefix(text, "runs/")));
  if (!id.ok()) return NoName(text, kRunExpected);
  return RunName(*id);
}

absl::StatusOr<CheckpointArgument> CheckpointNameOf(absl::string_view text) {
  absl::string_view rest = absl::StripPrefix(text, "runs/");
  CheckpointArgument argument;
  if (absl::StrContains(rest, "/checkpoints/")) {
    SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef ref, ParseCheckpointName(absl::StrCat("runs/", rest)));
    argument.run = RunName(ref.run);
    argument.last = !ref.step.has_value();
    argument.checkpoint = absl::StrCat("runs/", rest);
    return argument;
  }
  const size_t at = rest.find('@', 1);  // not the one of @last
  const absl::string_view step = at == absl::string_view::npos ? "last" : rest.substr(at + 1);
  SUMSCOPE_ASSIGN_OR_RETURN(argument.run, RunNameOf(rest.substr(0, at)));
  argument.last = step == "last";
  argument.checkpoint = absl::StrCat(argument.run, "/checkpoints/", step);
  if (!ParseCheckpointName(argument.checkpoint).ok()) {
    return NoName(text, absl::StrCat(kRunExpected, ", with @STEP or @last after it for one of its checkpoints"));
  }
  return argument;
}

absl::StatusOr<std::string> AnalysisKindOf(absl::string_view text) {
  const std::string kind = absl::StrReplaceAll(text, {{"-", "_"}});
  const auto* const requests = v1::AnalysisRequest::descriptor();
  if (text.empty() || requests->FindFieldByName(kind) != nullptr) return kind;
  std::vector<std::string> kinds;
  for (int i = 0; i < requests->field_count(); ++i) {
    kinds.push_back(absl::StrReplaceAll(requests->field(i)->name(), {{"_", "-"}}));
  }
  return InvalidField("ANALYSIS_UNKNOWN", "analysis",
                      absl::StrCat(Quote(text), " is no analysis; ", DidYouMean(text, kinds)));
}

std::string RunIdOf(absl::string_view name) {
  const absl::string_view id = absl::StripPrefix(name, "runs/");
  return std::string(id.substr(0, id.find('/')));
}

std::string ShortNameOf(absl::string_view name) {
  return absl::StrCat(RunIdOf(name), "/", name.substr(name.rfind('/') + 1));
}

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> labels;
  for (const std::string& text : texts) {
    SUMSCOPE_ASSIGN_OR_RETURN(auto label, SplitPair(text, "LABEL_INVALID", "key=value"));
    if (!labels.insert(label).second) {
      return InvalidField("LABEL_INVALID", "labels", absl::StrCat("the label ", Quote(label.first), " is given twice"));
    }
  }
  return labels;
}

absl::Status ApplySettings(const std::vector<std::string>& texts, v1::TrainSpec* spec) {
  std::set<std::string> of_one;  // fields of one --set: a later --set wins, as a later flag does
  for (const std::string& text : texts) {
    of_one.clear();
    for (const absl::string_view part : absl::StrSplit(text, ',')) {
      SUMSCOPE_ASSIGN_OR_RETURN(const auto setting, SplitPair(part, "SETTING_INVALID", "field=value"));
      if (!of_one.insert(setting.first).second) {
        return InvalidField("SETTING_INVALID", "set", absl::StrCat(Quote(text), " sets ", setting.first, " twice"));
      }
      SUMSCOPE_RETURN_IF_ERROR(SetSpecField(setting.first, setting.second, spec));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Operation> ParseOperation(absl::string_view text) {
  static constexpr std::pair<absl::string_view, v1::Operation> kOperations[] = {{"", v1::OPERATION_UNSPECIFIED},
                                                                                {"add", v1::ADD},
                                                                                {"sub", v1::SUB},
                                                                                {"mul", v1::MUL},
                                                                                {"mix", v1::MIX},
                                                                                {"mas", v1::MAS}};
  for (const auto& [name, operation] : kOperations) {
    if (name == text) return operation;
  }
  return InvalidField("OPERATION_INVALID", "operation",
                      absl::StrCat(Quote(text), " is no operation; expected add, sub, mul, mix or mas"));
}

absl::StatusOr<v1::AblationMode> ParseAblationMode(absl::string_view text) {
  static constexpr std::pair<absl::string_view, v1::AblationMode> kModes[] = {
      {"", v1::ABLATION_MODE_UNSPECIFIED}, {"mean", v1::MEAN}, {"zero", v1::ZERO}, {"resample", v1::RESAMPLE}};
  for (const auto& [name, mode] : kModes) {
    if (name == text) return mode;
  }
  return InvalidField("ABLATION_MODE_INVALID", "mode",
                      absl::StrCat(Quote(text), " is no way to ablate; expected mean, zero or resample"));
}

}  // namespace sumscope::client

#include "proto/contract/names/resource_names.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/utf8.h"

namespace sumscope {
namespace {

bool IsIdCharacter(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-'; }

// An id or a prefix of one.
bool IsIdPrefix(absl::string_view id) {
  return !id.empty() && id.size() <= limits::kMaxRunIdLength && absl::ascii_islower(id[0]) &&
         std::all_of(id.begin(), id.end(), IsIdCharacter);
}

bool IsRunSelector(absl::string_view run) { return run == "@last" || IsIdPrefix(run); }

bool ParseStep(absl::string_view text, uint64_t* step) {
  const bool canonical =
      !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit) && (text == "0" || text[0] != '0');
  return canonical && absl::SimpleAtoi(text, step);
}

absl::Status NameError(absl::string_view name, absl::string_view expected, absl::string_view field = "name") {
  return InvalidField("RESOURCE_NAME_INVALID", field,
                      absl::StrCat(Quote(name), " is no resource name here; expected ", expected));
}

// "runs/{run}/{collection}/{id}".
bool ParseChildOfRun(absl::string_view name, absl::string_view collection, std::string* run, std::string* id) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, absl::MaxSplits('/', 4));
  if (parts.size() != 4 || parts[0] != "runs" || !IsRunSelector(parts[1]) || parts[2] != collection ||
      !IsIdPrefix(parts[3])) {
    return false;
  }
  *run = std::string(parts[1]);
  *id = std::string(parts[3]);
  return true;
}

bool IsAccountName(absl::string_view name) {
  return !name.empty() && name.size() <= limits::kMaxAccountNameLength && !HasControlCharacter(name) &&
         !absl::StrContains(name, '/') && IsUtf8(name);
}

}  // namespace

std::string RunName(absl::string_view run) { return absl::StrCat("runs/", run); }

std::string CheckpointName(absl::string_view run, uint64_t step) {
  return absl::StrCat("runs/", run, "/checkpoints/", step);
}

std::string AnalysisName(absl::string_view run, absl::string_view analysis) {
  return absl::StrCat("runs/", run, "/analyses/", analysis);
}

std::string CaptureName(absl::string_view run, absl::string_view capture) {
  return absl::StrCat("runs/", run, "/captures/", capture);
}

std::string QuestionSetName(absl::string_view sha256) { return absl::StrCat("questionSets/", sha256); }

std::string UserName(absl::string_view user) { return absl::StrCat("users/", user); }

std::string TokenName(absl::string_view user, absl::string_view token) {
  return absl::StrCat("users/", user, "/tokens/", token);
}

std::string IdOf(absl::string_view name) { return std::string(name.substr(name.rfind('/') + 1)); }

std::string JobName(absl::string_view job) { return absl::StrCat("jobs/", job); }

std::string SweepName(absl::string_view sweep) { return absl::StrCat("sweeps/", sweep); }

absl::StatusOr<std::string> ParseRunName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, absl::MaxSplits('/', 2));
  if (parts.size() != 2 || parts[0] != "runs" || !IsRunSelector(parts[1])) return NameError(name, "runs/{run}");
  return std::string(parts[1]);
}

absl::StatusOr<std::string> ParseSweepName(absl::string_view name) {
  absl::string_view sweep = name;
  if (!absl::ConsumePrefix(&sweep, "sweeps/") || !IsRunSelector(sweep)) return NameError(name, "sweeps/{sweep}");
  return std::string(sweep);
}

absl::StatusOr<std::string> ParseJobName(absl::string_view name) {
  absl::string_view job = name;
  if (!absl::ConsumePrefix(&job, "jobs/") || !IsIdPrefix(job)) return NameError(name, "jobs/{job}");
  return std::string(job);
}

absl::StatusOr<CheckpointRef> ParseCheckpointName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, absl::MaxSplits('/', 4));
  CheckpointRef ref;
  const bool run_only = parts.size() == 2;
  uint64_t step = 0;
  if ((!run_only && parts.size() != 4) || parts[0] != "runs" || !IsRunSelector(parts[1]) ||
      (!run_only && (parts[2] != "checkpoints" || (parts[3] != "last" && !ParseStep(parts[3], &step))))) {
    return NameError(name, "runs/{run}/checkpoints/{step}, runs/{run}/checkpoints/last or runs/{run}");
  }
  ref.run = std::string(parts[1]);
  if (!run_only && parts[3] != "last") ref.step = step;
  return ref;
}

absl::StatusOr<AnalysisRef> ParseAnalysisName(absl::string_view name) {
  AnalysisRef ref;
  if (!ParseChildOfRun(name, "analyses", &ref.run, &ref.analysis)) {
    return NameError(name, "runs/{run}/analyses/{analysis}");
  }
  return ref;
}

absl::StatusOr<CaptureRef> ParseCaptureName(absl::string_view name) {
  CaptureRef ref;
  if (!ParseChildOfRun(name, "captures", &ref.run, &ref.capture)) {
    return NameError(name, "runs/{run}/captures/{capture}");
  }
  return ref;
}

absl::StatusOr<std::string> ParseQuestionSetName(absl::string_view name) {
  constexpr size_t kHexDigits = 64;
  absl::string_view sha256 = name;
  if (!absl::ConsumePrefix(&sha256, "questionSets/") || sha256.size() != kHexDigits ||
      sha256.find_first_not_of("0123456789abcdef") != absl::string_view::npos) {
    return NameError(name, "questionSets/{sha256}, of 64 lower-case hexadecimal digits");
  }
  return std::string(sha256);
}

absl::StatusOr<std::string> ParseUserName(absl::string_view name, absl::string_view field) {
  absl::string_view user = name;
  if (!absl::ConsumePrefix(&user, "users/") || !IsAccountName(user)) return NameError(name, "users/{user}", field);
  return std::string(user);
}

absl::StatusOr<TokenRef> ParseTokenName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, absl::MaxSplits('/', 4));
  if (parts.size() != 4 || parts[0] != "users" || !IsAccountName(parts[1]) || parts[2] != "tokens" ||
      !IsIdPrefix(parts[3])) {
    return NameError(name, "users/{user}/tokens/{token}");
  }
  return TokenRef{std::string(parts[1]), std::string(parts[3])};
}

absl::Status ValidateUserName(absl::string_view user) {
  const auto fits = [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || absl::StrContains("._-", c);
  };
  if (!user.empty() && user.size() <= limits::kMaxUserNameLength && absl::ascii_islower(user[0]) &&
      std::all_of(user.begin(), user.end(), fits)) {
    return absl::OkStatus();
  }
  return InvalidField("USER_NAME_INVALID", "user_id",
                      absl::StrCat(Quote(user), " is no name for a user: it has 1 to ", limits::kMaxUserNameLength,
                                   " lower-case letters, digits, '.', '_' and '-', and starts with a letter"));
}

absl::Status ValidateRunId(absl::string_view run) {
  if (run.size() >= 2 && IsIdPrefix(run)) return absl::OkStatus();
  return InvalidField("RUN_ID_INVALID", "run_id",
                      absl::StrCat("a run id has 2 to ", limits::kMaxRunIdLength,
                                   " lower-case letters, digits and '-', and starts with a letter"));
}

absl::Status ValidateFileName(absl::string_view field, absl::string_view file_name) {
  if (file_name.size() <= limits::kMaxFileNameLength && !HasControlCharacter(file_name)) return absl::OkStatus();
  return InvalidField("FILE_NAME_INVALID", field,
                      absl::StrCat("a file name has at most ", limits::kMaxFileNameLength,
                                   " bytes and no control characters, not ", Quote(file_name)));
}

}  // namespace sumscope

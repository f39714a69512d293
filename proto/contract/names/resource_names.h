#ifndef SUMSCOPE_PROTO_CONTRACT_NAMES_RESOURCE_NAMES_H_
#define SUMSCOPE_PROTO_CONTRACT_NAMES_RESOURCE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope {

// Resource names: runs/{run}, runs/{run}/checkpoints/{step}, runs/{run}/analyses/{analysis},
// runs/{run}/captures/{capture}, questionSets/{sha256}, jobs/{job}, users/{user}, users/{user}/tokens/{token},
// sweeps/{sweep}.
std::string RunName(absl::string_view run);
std::string CheckpointName(absl::string_view run, uint64_t step);
std::string AnalysisName(absl::string_view run, absl::string_view analysis);
std::string CaptureName(absl::string_view run, absl::string_view capture);
std::string QuestionSetName(absl::string_view sha256);
std::string JobName(absl::string_view job);
std::string SweepName(absl::string_view sweep);
std::string UserName(absl::string_view user);
std::string TokenName(absl::string_view user, absl::string_view token);

// The id at the end of a name that is known to be good: "runs/r7k2m9qa" -> "r7k2m9qa".
std::string IdOf(absl::string_view name);

// The id in "runs/{run}". INVALID_ARGUMENT RESOURCE_NAME_INVALID. The id may be a prefix or "@last": it is not looked
// up.
absl::StatusOr<std::string> ParseRunName(absl::string_view name);

// The same of "sweeps/{sweep}" and "jobs/{job}", which has no "@last".
absl::StatusOr<std::string> ParseSweepName(absl::string_view name);
absl::StatusOr<std::string> ParseJobName(absl::string_view name);

struct CheckpointRef {
  std::string run;
  std::optional<uint64_t> step;  // empty: the last
};
// "runs/{run}/checkpoints/{step}", "runs/{run}/checkpoints/last" or "runs/{run}".
absl::StatusOr<CheckpointRef> ParseCheckpointName(absl::string_view name);

struct AnalysisRef {
  std::string run, analysis;
};
absl::StatusOr<AnalysisRef> ParseAnalysisName(absl::string_view name);

struct CaptureRef {
  std::string run, capture;
};
absl::StatusOr<CaptureRef> ParseCaptureName(absl::string_view name);

// The hash in "questionSets/{sha256}".
absl::StatusOr<std::string> ParseQuestionSetName(absl::string_view name);

// The name in "users/{user}". INVALID_ARGUMENT RESOURCE_NAME_INVALID, which names `field`. Also of an account of the
// server's machine that needs no user: any name of printable characters without '/', at most
// limits::kMaxAccountNameLength bytes.
absl::StatusOr<std::string> ParseUserName(absl::string_view name, absl::string_view field = "name");

struct TokenRef {
  std::string user, token;
};
absl::StatusOr<TokenRef> ParseTokenName(absl::string_view name);

// The name of a user to be: lower-case letters, digits, '.', '_' and '-', 1..32, first a letter. INVALID_ARGUMENT
// USER_NAME_INVALID.
absl::Status ValidateUserName(absl::string_view user);

// A run id that a caller chose: lower-case letters, digits and '-', 2..40, first a letter. INVALID_ARGUMENT
// RUN_ID_INVALID.
absl::Status ValidateRunId(absl::string_view run);

// The name of a file on the caller's side, which is only shown. INVALID_ARGUMENT FILE_NAME_INVALID.
absl::Status ValidateFileName(absl::string_view field, absl::string_view file_name);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_NAMES_RESOURCE_NAMES_H_

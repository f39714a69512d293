// sumscope runs note: what a person wants to remember of a run, in a sentence.
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/runs/note_label.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct RunsNoteOptions {
  std::string run;
  std::vector<std::string> words;
  bool remove = false;
};

absl::StatusOr<ExitCode> Note(const RunsNoteOptions& options, Session& session) {
  if (options.words.empty() == !options.remove) {
    return InvalidField("USAGE", "text", "give the note's text, or --remove to take it away");
  }
  const std::string note = absl::StrJoin(options.words, " ");
  if (!options.remove && absl::StripAsciiWhitespace(note).empty()) {
    return InvalidField("USAGE", "text", "the note is blank: give its text, or --remove to take the note away");
  }
  v1::UpdateRunRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_run()->mutable_name(), RunNameOf(options.run));
  request.mutable_update_mask()->add_paths(absl::StrCat("labels.", kNoteLabel));
  if (!options.remove) (*request.mutable_run()->mutable_labels())[kNoteLabel] = note;
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->Call(request));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowRun(session, run, session.clock().Now())));
  return ExitCode::kDone;
}

}  // namespace

void AddRunsNote(Registry* registry, Command runs) {
  const auto options = std::make_shared<RunsNoteOptions>();
  const Command command =
      registry->Add(runs, "note", "Keep a sentence with a run; find it with --filter 'labels.note = \"*word*\"'");
  AddRunArgument(command, &options->run);
  command.AddList("TEXT", &options->words, "the note, which replaces the one before; it is the label \"note\"");
  command.AddFlag("--remove", &options->remove, "take the note away");
  registry->Run(command, [options](Session& session) { return Note(*options, session); });
}

}  // namespace sumscope::client

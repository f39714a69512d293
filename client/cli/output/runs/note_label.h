#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_NOTE_LABEL_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_NOTE_LABEL_H_

namespace sumscope::client {

// The label that `runs note` writes and `runs show` shows by itself.
inline constexpr char kNoteLabel[] = "note";

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_NOTE_LABEL_H_

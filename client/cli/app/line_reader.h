#ifndef SUMSCOPE_CLIENT_CLI_APP_LINE_READER_H_
#define SUMSCOPE_CLIENT_CLI_APP_LINE_READER_H_

#include <termios.h>

#include <optional>
#include <ostream>
#include <string>

#include "client/base/cancellation.h"
#include "proto/contract/base/mutex.h"

namespace sumscope::client {

// Reads lines of a descriptor, a terminal or not, byte by byte: what comes after a line is not ours. Looks up now and
// then for Ctrl-C, which is no signal to the thread that reads. One thread reads; ShowAgain is for any.
class LineReader {
 public:
  // `cancellation` must outlive the reader.
  LineReader(int descriptor, const Cancellation* cancellation) : descriptor_(descriptor), cancellation_(cancellation) {}
  ~LineReader() { ShowAgain(); }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Without its newline. Nothing at the end of the input, for a line of more than 64 KiB, and when the user stops.
  std::optional<std::string> Read();

  // The same of a secret: on a terminal behind `prompt`, which goes to `err`, and with nothing shown of what is typed.
  // Elsewhere the last line needs no newline. One of more than 64 KiB is cut off there.
  std::optional<std::string> ReadHidden(const std::string& prompt, std::ostream* err);
  // The terminal shows what is typed, as it did before. For who ends the process meanwhile.
  void ShowAgain();

 private:
  std::optional<std::string> ReadTo(bool end_is_newline);
  // False where the descriptor is no terminal.
  bool Hide();

  const int descriptor_;
  const Cancellation* const cancellation_;
  Mutex mutex_;
  std::optional<termios> before_ ABSL_GUARDED_BY(mutex_);  // while nothing is shown
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_LINE_READER_H_

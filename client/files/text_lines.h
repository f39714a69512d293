#ifndef SUMSCOPE_CLIENT_FILES_TEXT_LINES_H_
#define SUMSCOPE_CLIENT_FILES_TEXT_LINES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/files/input_file.h"

namespace sumscope::client {

// The lines of a text, unpacked where its bytes are gzip, whatever its name says. Confined to one thread.
class TextLines {
 public:
  explicit TextLines(std::unique_ptr<InputFile> file);
  ~TextLines();

  // The next line without its end; false after the last one. Errors of InputFile::Read; INVALID_ARGUMENT
  // FILE_DAMAGED: gzip that is cut off or wrong; LINE_TOO_LONG: over 64 KiB, no list of questions has such.
  absl::StatusOr<bool> Next(std::string* line);

 private:
  class Unpacker;

  // More text into buffer_; false at the end.
  absl::StatusOr<bool> Fill();

  const std::unique_ptr<InputFile> file_;
  std::unique_ptr<Unpacker> unpacker_;  // of gzip
  std::string buffer_;                  // text that is not handed out yet, from at_ on
  size_t at_ = 0;
  bool started_ = false;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_FILES_TEXT_LINES_H_

#include "client/files/text_lines.h"

#include <zlib.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

constexpr size_t kPieceBytes = 64 << 10, kMaxLineBytes = 64 << 10;
constexpr char kGzipMagic[] = "\x1f\x8b";

}  // namespace

// Members of gzip, one after the other, as `cat a.gz b.gz` makes them.
class TextLines::Unpacker {
 public:
  explicit Unpacker(std::string path) : path_(std::move(path)) {
    constexpr int kOnlyGzip = 16;
    inflateInit2(&stream_, MAX_WBITS + kOnlyGzip);
  }
  ~Unpacker() { inflateEnd(&stream_); }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  bool wants_bytes() const { return stream_.avail_in == 0 && !has_more_; }
  bool within_member() const { return within_member_; }
  void Give(std::string packed) {
    packed_ = std::move(packed);
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(packed_.size());
  }
  absl::Status Unpack(std::string* text) {
    char piece[kPieceBytes];
    stream_.next_out = reinterpret_cast<Bytef*>(piece);
    stream_.avail_out = sizeof(piece);
    within_member_ = true;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return Damaged("its gzip bytes are wrong");
    text->append(piece, sizeof(piece) - stream_.avail_out);
    has_more_ = result == Z_OK && stream_.avail_out == 0;
    if (result == Z_STREAM_END) {
      within_member_ = false;
      inflateReset(&stream_);
    }
    return absl::OkStatus();
  }
  absl::Status Damaged(absl::string_view how) const {
    return InvalidField("FILE_DAMAGED", "questions", absl::StrCat("cannot read ", path_, ": ", how));
  }

 private:
  const std::string path_;
  std::string packed_;
  z_stream stream_ = {};
  bool within_member_ = false;
  bool has_more_ = false;  // text for which there was no room
};

TextLines::TextLines(std::unique_ptr<InputFile> file) : file_(std::move(file)) {}
TextLines::~TextLines() = default;

absl::StatusOr<bool> TextLines::Fill() {
  buffer_.erase(0, std::exchange(at_, 0));
  std::string piece;
  if (unpacker_ == nullptr || unpacker_->wants_bytes()) {
    // A pipe may hand over its first byte alone, which does not say yet what it is.
    const size_t needed = started_ ? 1 : sizeof(kGzipMagic) - 1;
    while (piece.size() < needed) {
      char bytes[kPieceBytes];
      SUMSCOPE_ASSIGN_OR_RETURN(const size_t got, file_->Read(bytes, sizeof(bytes)));
      if (got == 0) break;
      piece.append(bytes, got);
    }
    if (piece.empty()) {
      if (unpacker_ != nullptr && unpacker_->within_member()) return unpacker_->Damaged("its gzip bytes are cut off");
      return false;
    }
    if (!started_ && absl::StartsWith(piece, kGzipMagic)) unpacker_ = std::make_unique<Unpacker>(file_->path());
    started_ = true;
    if (unpacker_ == nullptr) {
      buffer_ += piece;
      return true;
    }
    unpacker_->Give(std::move(piece));
  }
  SUMSCOPE_RETURN_IF_ERROR(unpacker_->Unpack(&buffer_));
  return true;
}

absl::StatusOr<bool> TextLines::Next(std::string* line) {
  for (size_t searched = at_;;) {
    const size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      line->assign(buffer_, at_, end - at_);
      at_ = end + 1;
      return true;
    }
    if (buffer_.size() - at_ > kMaxLineBytes) {
      return InvalidField("LINE_TOO_LONG", "questions",
                          absl::StrCat("cannot read ", file_->path(), ": a line has more than 64 KiB"));
    }
    searched = buffer_.size() - at_;  // Fill moves what is left to the front
    SUMSCOPE_ASSIGN_OR_RETURN(const bool more, Fill());
    if (more) continue;
    line->assign(buffer_, at_, std::string::npos);
    at_ = buffer_.size();
    return !line->empty();
  }
}

}  // namespace sumscope::client

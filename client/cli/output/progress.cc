#include "client/cli/output/progress.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
constexpr absl::Duration kPlainInterval = absl::Seconds(5);
constexpr absl::Duration kMaxPlainInterval = absl::Minutes(1);
constexpr int kMaxBar = 30;
constexpr int kMinBar = 5;
constexpr char kEraseLine[] = "\r\x1b[K";

double Share(double share) { return std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0.0; }

// Rounded down: 100 % is the end and nothing before it.
int PercentDone(double share) { return static_cast<int>(Share(share) * 100); }

// The parts that are there, two spaces between them.
std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!part.empty()) absl::StrAppend(&text, text.empty() ? "" : "  ", part);
  }
  return text;
}

}  // namespace

std::string ProgressLine(absl::string_view label, const Amount& amount, int width) {
  const double share = Share(amount.share);
  const std::string percent = absl::StrFormat("%3d %%", PercentDone(share));
  const auto room_beside = [&](const std::string& text) {
    return width - DisplayWidth(label) - DisplayWidth(text) - 6;
  };
  std::string text = Joined({percent, amount.details, amount.extra});
  if (room_beside(text) < kMinBar) text = Joined({percent, amount.details});
  const int room = room_beside(text);
  if (room < kMinBar) return FitWidth(absl::StrCat(label, "  ", text), width);
  const int bar = std::min(room, kMaxBar);
  const int filled = static_cast<int>(share * bar);
  std::string drawn(static_cast<size_t>(filled), '=');
  if (filled < bar) drawn += '>';
  drawn.resize(static_cast<size_t>(bar), ' ');
  return absl::StrCat(label, "  [", drawn, "]  ", text);
}

Progress::Progress(Terminal* terminal, Clock* clock, std::string label, bool quiet)
    : terminal_(terminal), clock_(clock), label_(EscapeText(label)), quiet_(quiet) {}

Progress::~Progress() { Erase(); }

void Progress::Update(const Amount& amount) {
  if (quiet_) return;
  amount_ = amount;
  const absl::Duration now = clock_->Monotonic();
  if (!terminal_->err_is_terminal) return UpdatePlain(now);
  if (now - printed_at_ < kRedrawInterval) return;
  printed_at_ = now;
  Draw();
}

void Progress::UpdatePlain(absl::Duration now) {
  started_at_ = std::min(started_at_, now);
  // A bare percentage is worth a line once it has moved, and not at once.
  const bool bare = amount_.details.empty();
  const int percent = PercentDone(amount_.share);
  const absl::Duration since = now - (bare ? std::max(printed_at_, started_at_) : printed_at_);
  if (since < std::clamp((now - started_at_) / 10, kPlainInterval, kMaxPlainInterval)) return;
  if (bare && percent == printed_percent_) return;
  printed_at_ = now;
  printed_percent_ = percent;
  *terminal_->err << Joined({label_, absl::StrCat(percent, " %"), amount_.details, amount_.extra}) << std::endl;
}

void Progress::Say(absl::string_view text) {
  if (quiet_) return;
  const bool redraw = drawn_;
  Erase();
  *terminal_->err << FitLines(EscapeText(text), terminal_->ColumnsOfErr()) << std::endl;
  if (redraw) Draw();
}

void Progress::Draw() {
  // One column stays free: a full line would wrap.
  *terminal_->err << kEraseLine << ProgressLine(label_, amount_, terminal_->Columns() - 1) << std::flush;
  drawn_ = true;
}

void Progress::Erase() {
  if (!std::exchange(drawn_, false)) return;
  *terminal_->err << kEraseLine << std::flush;
}

}  // namespace sumscope::client

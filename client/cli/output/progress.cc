#include "client/cli/output/progress.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/text.h"

namespace sumscope::client {
namespace {

constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
constexpr absl::Duration kPlainInterval = absl::Seconds(5);
constexpr int kMaxBar = 30;
constexpr int kMinBar = 5;
constexpr char kEraseLine[] = "\r\x1b[K";

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
  const double share = std::isfinite(amount.share) ? std::clamp(amount.share, 0.0, 1.0) : 0.0;
  // Rounded down: 100 % is the end and nothing before it.
  const std::string percent = absl::StrFormat("%3d %%", static_cast<int>(share * 100));
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
  if (now - printed_at_ < (terminal_->err_is_terminal ? kRedrawInterval : kPlainInterval)) return;
  printed_at_ = now;
  if (terminal_->err_is_terminal) {
    Draw();
  } else {
    const int percent = static_cast<int>(std::clamp(amount.share, 0.0, 1.0) * 100);
    *terminal_->err << Joined({label_, absl::StrCat(percent, " %"), amount.details, amount.extra}) << std::endl;
  }
}

void Progress::Say(absl::string_view text) {
  if (quiet_) return;
  const bool redraw = drawn_;
  Erase();
  *terminal_->err << EscapeText(text) << std::endl;
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

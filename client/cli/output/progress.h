#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_PROGRESS_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_PROGRESS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/output/terminal.h"
#include "proto/contract/base/clock.h"

namespace sumscope::client {

// How far something is.
struct Amount {
  double share = 0;     // 0..1
  std::string details;  // 450/15000  loss 0.0213  152 steps/s  ETA 54 s
  std::string extra;    // likewise, left out on a narrow terminal
};

// A job's progress on stderr: one line that is drawn over on a terminal, else plain lines, every five seconds at first
// and every minute in the end, none that only repeats the percentage of the one before; messages stay. Confined to one
// thread; the line is gone with the object.
class Progress {
 public:
  // Says nothing at all when `quiet`.
  Progress(Terminal* terminal, Clock* clock, std::string label, bool quiet);
  ~Progress();

  void Update(const Amount& amount);
  // A line that stays.
  void Say(absl::string_view text);

 private:
  void UpdatePlain(absl::Duration now);
  void Draw();
  void Erase();

  Terminal* const terminal_;
  Clock* const clock_;
  const std::string label_;
  const bool quiet_;
  Amount amount_;
  bool drawn_ = false;
  absl::Duration started_at_ = absl::InfiniteDuration();
  absl::Duration printed_at_ = -absl::InfiniteDuration();
  int printed_percent_ = 0;
};

// "label  [====>    ]  45 %  details  extra" in at most `width` columns; extra gives way first, then the bar.
std::string ProgressLine(absl::string_view label, const Amount& amount, int width);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_PROGRESS_H_

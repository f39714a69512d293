#ifndef SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_PROBE_H_
#define SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_PROBE_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/arguments/command.h"
#include "client/cli/output/table.h"
#include "client/cli/probe/views/view.h"
#include "proto/contract/analyses/oneof_member.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// One kind of analysis on the command line and on the screen: its options, its request in words, its result as text and
// rows. Stateless. A kind derives from TypedProbe, which gives it its own messages, in a file of probe/.
class Probe {
 public:
  using Fill = std::function<absl::Status(v1::AnalysisRequest*)>;
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  virtual ~Probe() = default;

  // The field of AnalysisRequest and AnalysisResult, "useful_nodes".
  virtual absl::string_view name() const = 0;

  // What help says of it under `sumscope probe`; "" for a kind that another command asks.
  virtual std::string description() const { return ""; }
  // Hangs its options on its command. What it returns turns them into its request once they are parsed.
  virtual Fill AddOptions(Command command) const = 0;
  // Whether `train --then` asks it, without options.
  virtual bool follows_training() const { return false; }

  // What was asked beside the questions and beside what the result says itself, as names and values: ("reads",
  // "P14L0H1"), ("for", "A2.SC").
  virtual Pairs Describe(const v1::AnalysisRequest& request) const = 0;
  // What tells one request from the next, in a few words for a list: "P14L0H1 A2.SC"; "" where nothing does.
  virtual std::string Brief(const v1::AnalysisRequest& request) const = 0;
  // Whether lists read the requests for that, which they come without.
  virtual bool tells_apart_in_lists() const { return false; }
  // Which of the questions were used, where not all were.
  virtual std::string UsedQuestions(const v1::Analysis&) const { return ""; }

  // A result as tables for people. Sentences and "name   value" lines may be wider: see FitLines.
  virtual std::string Text(const v1::AnalysisResult& result, const View& view) const = 0;
  // The same in one tidy table, one row a number or a few that belong together.
  virtual Table Rows(const v1::AnalysisResult& result) const = 0;

  // Which numbers and values people want first when many runs were asked, as patterns (MatchesPath) of paths into the
  // result, first things first; empty: all alike.
  virtual std::vector<absl::string_view> headlines() const { return {}; }
  // A path in the words that Text uses, where it has other ones: "floor where each digit reads" for
  // floor.at_measured_k.
  virtual std::string HeadlineWords(absl::string_view path) const { return std::string(path); }
};

// A kind with its own messages. Each Do.. is the function of Probe without the Do.
template <typename Request, typename Result>
class TypedProbe : public Probe {
 public:
  absl::string_view name() const final { return request_.name(); }
  Fill AddOptions(Command command) const final {
    return
        [this, fill = DoAddOptions(command)](v1::AnalysisRequest* request) { return fill(request_.Mutable(request)); };
  }
  Pairs Describe(const v1::AnalysisRequest& request) const final { return DoDescribe(request_.Get(request)); }
  std::string Brief(const v1::AnalysisRequest& request) const final { return DoBrief(request_.Get(request)); }
  std::string Text(const v1::AnalysisResult& result, const View& view) const final {
    return DoText(result_.Get(result), view);
  }
  Table Rows(const v1::AnalysisResult& result) const final { return DoRows(result_.Get(result)); }

 protected:
  using FillOwn = std::function<absl::Status(Request*)>;

  virtual FillOwn DoAddOptions(Command) const {
    return [](Request*) { return absl::OkStatus(); };
  }
  virtual Pairs DoDescribe(const Request&) const { return {}; }
  virtual std::string DoBrief(const Request&) const { return ""; }
  virtual std::string DoText(const Result& result, const View& view) const = 0;
  virtual Table DoRows(const Result& result) const = 0;

 private:
  const OneofMember<v1::AnalysisRequest, Request> request_;
  const OneofMember<v1::AnalysisResult, Result> result_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_PROBE_H_

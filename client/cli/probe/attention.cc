// sumscope probe RUN[@STEP] attention: which tokens each head reads.
#include "client/cli/probe/probe_family.h"

namespace sumscope::client {
namespace {

struct Options {
  bool all_rows = false, per_question = false;
};

}  // namespace

void AddAttention(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) {
    v1::AttentionRequest* const attention = request->mutable_attention();
    if (options->all_rows) attention->set_all_rows(true);
    if (options->per_question) attention->set_per_question(true);
    return absl::OkStatus();
  };
  const Command command = family->Add("attention", "Which tokens each head reads, and the staircase of digit pairs",
                                      ProbeFamily::Questions::kTaken, fill);
  command.AddFlag("--all-rows", &options->all_rows, "every query row, not only those that write the answer");
  command.AddFlag("--per-question", &options->per_question, "also the pattern of each question; at most 100 questions");
}

}  // namespace sumscope::client

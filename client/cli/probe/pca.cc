// sumscope probe RUN[@STEP] pca: what a head's output varies by.
#include "absl/strings/str_cat.h"
#include "client/base/unsigned.h"
#include "client/cli/probe/probe_family.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

struct Options {
  std::vector<std::string> nodes;
  std::string digit;
  std::optional<uint64_t> components, seed;
  bool scores = false;
};

}  // namespace

void AddPca(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) -> absl::Status {
    v1::PcaRequest* const pca = request->mutable_pca();
    for (const std::string& node : options->nodes) pca->add_nodes(node);
    if (!options->digit.empty()) {
      const std::optional<uint64_t> digit = ParseDigit(options->digit);
      if (!digit) {
        return InvalidField("USAGE", "digit",
                            absl::StrCat("--digit takes a column like D2 or 2, not ", Quote(options->digit)));
      }
      pca->set_digit(static_cast<uint32_t>(*digit));
    }
    if (options->components) pca->set_components(static_cast<uint32_t>(*options->components));
    if (options->scores) pca->set_with_scores(true);
    if (options->seed) pca->set_seed(*options->seed);
    return absl::OkStatus();
  };
  const Command command = family->Add("pca", "Principal components of heads over questions of each tri-case",
                                      ProbeFamily::Questions::kTaken, fill);
  AddNodeSets(command, &options->nodes, "a head with a position, P14L0H1, again for the next one (default: all)")
      .type_name("NODE");
  command.Add("--digit", &options->digit, "whose tri-case labels the questions (default: that of tricase:)")
      .type_name("D2");
  command.AddUnsigned("--components", &options->components, "how many, 3 by default, at most 10",
                      std::numeric_limits<uint32_t>::max());
  command.AddFlag("--scores", &options->scores, "also each question's scores; at most 10 nodes");
  command.AddUnsigned("--seed", &options->seed, "of k-means (default 0)");
}

}  // namespace sumscope::client

// sumscope probe RUN[@STEP] linear-probe: whether an activation says a feature.
#include "client/cli/probe/probe_family.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

struct Options {
  std::string node, hook, position, feature;
  std::optional<double> held_out, l2;
  std::optional<uint64_t> seed;
};

}  // namespace

void AddLinearProbe(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) -> absl::Status {
    if (!options->node.empty() && !options->hook.empty()) {
      return InvalidField("USAGE", "node", "give --nodes NODE, or --hook NAME with --position P14, not both");
    }
    if (options->node.empty() && options->hook.empty()) {
      return InvalidField("USAGE", "node", "say where to read: --nodes P14L0H1, or --hook NAME with --position P14");
    }
    if (options->hook.empty() != options->position.empty()) {
      return InvalidField("USAGE", "position", "--hook and --position go together");
    }
    if (options->feature.empty()) return InvalidField("USAGE", "feature", "say what to find: --feature A2.SC");
    v1::LinearProbeRequest* const probe = request->mutable_linear_probe();
    probe->set_node(options->node);
    probe->set_hook(options->hook);
    probe->set_position(options->position);
    probe->set_feature(options->feature);
    if (options->held_out) probe->set_held_out(*options->held_out);
    if (options->l2) probe->set_l2(*options->l2);
    if (options->seed) probe->set_seed(*options->seed);
    return absl::OkStatus();
  };
  const Command command = family->Add("linear-probe", "Whether a feature can be read off an activation, beside chance",
                                      ProbeFamily::Questions::kTaken, fill);
  command.Add("--nodes,--node", &options->node, "one node: P14L0H1, P14L0MLP or P14L0").type_name("NODE");
  command.Add("--hook", &options->hook, "blocks.0.hook_resid_mid or another hook").type_name("NAME");
  command.Add("--position", &options->position, "of --hook").type_name("P14");
  command.Add("--feature", &options->feature, "A2.SC: SA, SC, SS, ST, SV; MD, MB, MZ, MT, GT of a column")
      .type_name("FEATURE");
  command.AddNumber("--held-out", &options->held_out, "share of the questions that training never sees (default 0.2)");
  command.AddNumber("--l2", &options->l2, "weight of the penalty (default 0.001)");
  command.AddUnsigned("--seed", &options->seed, "of the split and the shuffle (default 0)");
}

}  // namespace sumscope::client

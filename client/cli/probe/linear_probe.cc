// sumscope probe RUN[@STEP] linear-probe: whether an activation says a feature.
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

struct ProbeLinearProbeOptions {
  std::string node, hook, position, feature;
  std::optional<double> held_out, l2;
  std::optional<uint64_t> seed;
};

std::string RateText(const v1::Rate& rate) {
  return absl::StrCat(FormatPercent(rate.rate()), " of ", FormatCount(rate.count()), " (95 % interval ",
                      IntervalText(rate), ")");
}

std::string ReadsText(const v1::LinearProbeRequest& request) {
  return request.node().empty() ? absl::StrCat(request.hook(), " at ", request.position()) : request.node();
}

class LinearProbe final : public TypedProbe<v1::LinearProbeRequest, v1::LinearProbeResult> {
  std::string description() const override { return "Whether a feature can be read off an activation, beside chance"; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbeLinearProbeOptions>();
    command.Add("--nodes,--node", &options->node, "one node: P14L0H1, P14L0MLP or P14L0").type_name("NODE");
    command.Add("--hook", &options->hook, "blocks.0.hook_resid_mid or another hook").type_name("NAME");
    command.Add("--position", &options->position, "of --hook").type_name("P14");
    command.Add("--feature", &options->feature, "A2.SC: SA, SC, SS, ST, SV; MD, MB, MZ, MT, GT of a column")
        .type_name("FEATURE");
    command.AddNumber("--held-out", &options->held_out,
                      "share of the questions that training never sees (default 0.2)");
    command.AddNumber("--l2", &options->l2, "weight of the penalty (default 0.001)");
    command.AddUnsigned("--seed", &options->seed, "of the split and the shuffle (default 0)");
    return [options](v1::LinearProbeRequest* probe) -> absl::Status {
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
      probe->set_node(options->node);
      probe->set_hook(options->hook);
      probe->set_position(options->position);
      probe->set_feature(options->feature);
      if (options->held_out) probe->set_held_out(*options->held_out);
      if (options->l2) probe->set_l2(*options->l2);
      if (options->seed) probe->set_seed(*options->seed);
      return absl::OkStatus();
    };
  }
  Pairs DoDescribe(const v1::LinearProbeRequest& request) const override {
    return {{"reads", ReadsText(request)},
            {"for", request.feature()},
            {"fit", absl::StrCat(FormatPercent(request.held_out()), " of the questions held out, penalty ",
                                 ShortestDouble(request.l2()), SeedText(request.seed()))}};
  }
  std::string DoBrief(const v1::LinearProbeRequest& request) const override {
    return absl::StrCat(ReadsText(request), " ", request.feature());
  }
  bool tells_apart_in_lists() const override { return true; }
  std::string UsedQuestions(const v1::Analysis& analysis) const override {
    const v1::LinearProbeResult& result = analysis.result().linear_probe();
    const uint64_t asked = analysis.question_set().uniform().count();
    const uint64_t used = result.trained_on() + result.held_out().count();
    if (!analysis.result().has_linear_probe() || used >= asked) return "";
    const std::string& feature = analysis.request().linear_probe().feature();
    const size_t dot = feature.find('.');
    std::string which = "subtractions";
    switch (dot == std::string::npos || dot + 1 == feature.size() ? 0 : feature[dot + 1]) {
      case 'S':
        which = "additions";
        break;
      case 'M':
        which = "subtractions with a >= b";
        break;
      case 'N':
        which = "subtractions with a < b";
        break;
      default:
        break;
    }
    return absl::StrCat(FormatCount(used), " of ", FormatCount(asked), ": ", feature, " is a feature of ", which,
                        "; each question counts once");
  }
  std::string DoText(const v1::LinearProbeResult& result, const View&) const override {
    const std::string labels = absl::StrJoin(result.labels(), "  ", [](std::string* out, const v1::ProbeLabel& label) {
      absl::StrAppend(out, label.label(), " (", FormatCount(label.count()), ")");
    });
    return AlignedPairs({{"held-out accuracy", RateText(result.held_out())},
                         {"shuffled labels", RateText(result.shuffled())},
                         {"always the commonest", FormatPercent(result.majority())},
                         {"training accuracy", RateText(result.train())},
                         {"held-out loss", absl::StrCat(FormatLoss(result.held_out_loss()), " nats")},
                         {"trained on", absl::StrCat(FormatCount(result.trained_on()), " questions, ",
                                                     result.iterations(), " iterations")},
                         {"labels", labels}});
  }
  Table DoRows(const v1::LinearProbeResult& result) const override {
    Table table({{"name"}, {"count"}, {"correct"}, {"value"}, {"lower"}, {"upper"}});
    const auto add = [&table](const char* name, const v1::Rate& rate) {
      table.AddRow({name, absl::StrCat(rate.count()), absl::StrCat(rate.correct()), ShortestDouble(rate.rate()),
                    ShortestDouble(rate.lower()), ShortestDouble(rate.upper())});
    };
    add("held_out", result.held_out());
    add("train", result.train());
    add("shuffled", result.shuffled());
    table.AddRow({"majority", "", "", ShortestDouble(result.majority())});
    table.AddRow({"held_out_loss", "", "", ShortestDouble(result.held_out_loss())});
    for (const v1::ProbeLabel& label : result.labels()) {
      table.AddRow({absl::StrCat("label ", label.label()), absl::StrCat(label.count())});
    }
    return table;
  }
  std::vector<absl::string_view> headlines() const override {
    return {"held_out.rate", "shuffled.rate", "majority", "train.rate", "held_out_loss"};
  }
};

}  // namespace

const Probe& ProbeLinearProbe() {
  static const auto* const kProbe = new LinearProbe;
  return *kProbe;
}

}  // namespace sumscope::client

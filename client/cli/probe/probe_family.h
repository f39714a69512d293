#ifndef SUMSCOPE_CLIENT_CLI_PROBE_PROBE_FAMILY_H_
#define SUMSCOPE_CLIENT_CLI_PROBE_PROBE_FAMILY_H_

#include <functional>
#include <memory>
#include <string>

#include "client/cli/arguments/command.h"
#include "client/cli/asking/question_options.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// `sumscope probe`: what its members share. Each member is one analysis in a file of its own.
class ProbeFamily {
 public:
  ProbeFamily(Registry* registry, Command root);

  enum class Questions { kTaken, kNone };
  // Turns a member's options into its request.
  using Fill = std::function<absl::Status(v1::AnalysisRequest*)>;
  Command Add(const std::string& name, const std::string& description, Questions questions, Fill fill);

 private:
  struct Target;
  Registry* const registry_;
  const Command command_;
  const std::shared_ptr<Target> target_;  // shared with the handlers, which outlive this object
};

void AddEvaluate(ProbeFamily* family);
void AddAttention(ProbeFamily* family);
void AddAblate(ProbeFamily* family);
void AddUsefulNodes(ProbeFamily* family);
void AddPatch(ProbeFamily* family);
void AddSubtasks(ProbeFamily* family);
void AddPca(ProbeFamily* family);
void AddLinearProbe(ProbeFamily* family);
void AddAttribution(ProbeFamily* family);
void AddPhases(ProbeFamily* family);
void AddCascades(ProbeFamily* family);
void AddAlgorithm(ProbeFamily* family);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_PROBE_PROBE_FAMILY_H_

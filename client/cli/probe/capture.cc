// What `sumscope capture` shows as an answer.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/probe/views/capture_parts.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

class CaptureProbe final : public TypedProbe<v1::CaptureRequest, v1::CaptureResult> {
  Pairs DoDescribe(const v1::CaptureRequest& request) const override {
    return {{"hooks", absl::StrJoin(request.hooks(), " ")},
            {"asked positions", absl::StrJoin(request.positions(), " ")},
            {"reduced", ReductionText(request)}};
  }
  std::string DoText(const v1::CaptureResult& result, const View& view) const override {
    return absl::StrCat(AlignedPairs(CapturePairs(result, view)), TensorsText(result, view));
  }
  Table DoRows(const v1::CaptureResult& result) const override { return CaptureRows(result); }
};

}  // namespace

const Probe& ProbeCapture() {
  static const auto* const kProbe = new CaptureProbe;
  return *kProbe;
}

}  // namespace sumscope::client

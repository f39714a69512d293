// sumscope captures show
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/find.h"
#include "client/cli/arguments/names.h"
#include "client/cli/captures/commands.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/analysis_view.h"
#include "client/cli/probe/views/capture_parts.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

std::string CaptureText(const v1::Capture& capture, const View& view) {
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"capture", capture.name()},
      {"checkpoint", capture.checkpoint()},
      {"questions", DescribeQuestions(capture.question_set())},
      {"reduced", ReductionText(capture.request())},
      {"created", capture.has_create_time() ? FormatTime(capture.create_time()) : ""},
      {"owner", capture.owner()}};
  for (auto& held : CapturePairs(capture.result(), view)) pairs.push_back(std::move(held));
  return absl::StrCat(AlignedPairs(pairs), TensorsText(capture.result(), view));
}

absl::StatusOr<ExitCode> PrintCapture(const std::string& argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, FindCapture(*connection, argument));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Capture capture, connection->GetCapture(name));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->GetRun(absl::StrCat("runs/", RunIdOf(capture.name()))));
  Document document;
  document.json = ToJson(capture);
  document.items = {document.json};
  document.ids = {capture.name()};
  document.csv = CaptureRows(capture.result()).Csv(!session.output().no_headers);
  document.table = CaptureText(capture, {run.spec(), /*wide=*/false, session.width()});
  document.wide = CaptureText(capture, {run.spec(), /*wide=*/true, session.width()});
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return ExitCode::kDone;
}

}  // namespace

void AddCapturesShow(Registry* registry, Command captures) {
  const auto name = std::make_shared<std::string>();
  const Command command = registry->Add(captures, "show", "Show one capture and its tensors");
  command.Add("CAPTURE", name.get(), kCaptureArgument).required();
  registry->Run(command, [name](Session& session) { return PrintCapture(*name, session); });
}

}  // namespace sumscope::client

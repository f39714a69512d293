#include "client/cli/arguments/find.h"

#include "gmock/gmock.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;

class Find_Test : public CommandFixture {
 protected:
  Find_Test() {
    ConnectionOptions options;
    options.address = server_.address();
    connection_ = std::make_unique<Connection>(options, &sleeper_, &cancellation_);
    // Newest first.
    Store("runs/r2/analyses/aone", "evaluate", "bob");
    Store("runs/r2/analyses/cone", "capture", "bob");
    Store("runs/r1/analyses/atwo", "phases", "ada");
    Store("runs/r1/analyses/athree", "ablate", "ada");
    Store("runs/r1/analyses/ctwo", "capture", "ada");
  }
  void Store(const std::string& name, const std::string& kind, const std::string& owner) {
    v1::Analysis analysis = EndedAnalysis();
    analysis.set_name(name);
    analysis.set_analysis(kind);
    analysis.set_owner(owner);
    server_.stored.push_back(analysis);
  }
  std::string Analysis(const std::string& text) { return Text(FindAnalysis(*connection_, text)); }
  std::string Capture(const std::string& text) { return Text(FindCapture(*connection_, text)); }
  // What was found, or the error's reason.
  static std::string Text(const absl::StatusOr<std::string>& found) {
    return found.ok() ? *found : ErrorReason(found.status());
  }
  std::unique_ptr<Connection> connection_;
};

// An id alone, as tables show it, was no name, and @last meant runs only.
TEST_F(Find_Test, GivenAnIdAloneOrItsBeginningThenItsNameIsFound) {
  EXPECT_EQ(Analysis("aone"), "runs/r2/analyses/aone");
  EXPECT_EQ(Analysis("ath"), "runs/r1/analyses/athree");
  EXPECT_EQ(Analysis("a"), "AMBIGUOUS_PREFIX");
  EXPECT_EQ(Analysis("zzz"), "ANALYSIS_NOT_FOUND");
  EXPECT_EQ(Capture("cone"), "runs/r2/captures/cone");
  EXPECT_EQ(Capture("ct"), "runs/r1/captures/ctwo");
  EXPECT_EQ(Capture("c"), "AMBIGUOUS_PREFIX");
  EXPECT_EQ(Capture("aone"), "CAPTURE_NOT_FOUND");  // an analysis that is no capture
}

TEST_F(Find_Test, GivenLastThenTheNewestOfTheUserOrOfTheRun) {
  EXPECT_EQ(Analysis("@last"), "runs/r1/analyses/atwo");  // ada's, as the server says
  EXPECT_EQ(Analysis("r2/@last"), "runs/r2/analyses/aone");
  EXPECT_EQ(Capture("@last"), "runs/r1/captures/ctwo");
  EXPECT_EQ(Capture("r2/@last"), "runs/r2/captures/cone");
  server_.errors = {MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", "you have no run yet")};
  EXPECT_EQ(Analysis("@last"), "ANALYSIS_NOT_FOUND");
}

TEST_F(Find_Test, GivenARunAndAnIdThenNobodyIsAsked) {
  for (const char* typed : {"runs/r7/analyses/a1", "r7/analyses/a1", "r7/a1"}) {
    EXPECT_EQ(Analysis(typed), "runs/r7/analyses/a1") << typed;
    EXPECT_EQ(Capture(typed), "runs/r7/captures/a1") << typed;
  }
  EXPECT_EQ(Capture("r7/captures/a1"), "runs/r7/captures/a1");
  EXPECT_EQ(Analysis("@last/a1"), "runs/@last/analyses/a1");
  EXPECT_THAT(server_.calls(), testing::ElementsAre());
}

TEST_F(Find_Test, GivenNoNameThenTheErrorSpeaksOfWhatWasTyped) {
  for (const char* bad : {"", "R7", "r7/", "/a1", "r7/captures/a1", "r7/a1/b2", "a b", "@first", "runs/a1"}) {
    const absl::Status status = FindAnalysis(*connection_, bad).status();
    EXPECT_EQ(ErrorReason(status), "RESOURCE_NAME_INVALID") << bad;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string("\"") + bad + "\" names no analysis")) << bad;
  }
  EXPECT_EQ(Capture("r7/runs/a1"), "RESOURCE_NAME_INVALID");
}

TEST_F(Find_Test, GivenEveryCommandThenItTakesAnIdAlone) {
  FillCapture(&server_);
  EXPECT_EQ(Run({"analyses", "show", "aone", "-q"}), 0) << Err();
  EXPECT_EQ(server_.LastRequest<v1::GetAnalysisRequest>().name(), "runs/r2/analyses/aone");
  EXPECT_EQ(Run({"analyses", "cancel", "aone", "@last"}), 0) << Err();
  EXPECT_EQ(server_.LastRequest<v1::CancelAnalysisRequest>().name(), "runs/r1/analyses/atwo");
  EXPECT_EQ(Run({"analyses", "delete", "atwo", "-q"}), 0) << Err();
  EXPECT_EQ(Out(), "runs/r1/analyses/atwo\n");
  EXPECT_EQ(Run({"captures", "show", "cone"}), 0) << Err();
  EXPECT_EQ(server_.LastRequest<v1::GetCaptureRequest>().name(), "runs/r2/captures/cone");
  EXPECT_EQ(Run({"captures", "get", "@last", "--tensor", "tokens", "--out", "/dev/null"}), 0) << Err();
  EXPECT_EQ(server_.LastRequest<v1::GetCaptureRequest>().name(), "runs/r1/captures/ctwo");
  EXPECT_EQ(Run({"captures", "export", "cone", "--out", "/dev/null"}), 0) << Err();
  EXPECT_EQ(Run({"captures", "cancel", "ctwo"}), 0) << Err();
  EXPECT_EQ(server_.LastRequest<v1::CancelAnalysisRequest>().name(), "runs/r1/analyses/ctwo");
  EXPECT_EQ(Run({"captures", "delete", "ctwo", "-q"}), 0) << Err();
  EXPECT_EQ(Out(), "runs/r1/captures/ctwo\n");
}

}  // namespace
}  // namespace sumscope::client

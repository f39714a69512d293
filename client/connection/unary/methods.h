#ifndef SUMSCOPE_CLIENT_CONNECTION_UNARY_METHODS_H_
#define SUMSCOPE_CLIENT_CONNECTION_UNARY_METHODS_H_

#include <cstddef>
#include <tuple>
#include <type_traits>

#include "client/connection/unary/unary_stub.h"
#include "sumscope/v1/activations.pb.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/facts.pb.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/queue.pb.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/sweeps.pb.h"
#include "sumscope/v1/system.pb.h"
#include "sumscope/v1/users.pb.h"

namespace sumscope::client {

// A method with the types that it takes and gives.
template <typename RequestType, typename ResponseType>
struct UnaryMethod : Method {
  using Request = RequestType;
  using Response = ResponseType;
  constexpr UnaryMethod(const char* its_path, Repeat its_repeat) : Method{its_path, its_repeat} {}
};

// Every unary method of sumscope.v1, and whether a call of it may be made again after a lost connection.
inline constexpr auto kUnaryMethods = std::make_tuple(
    UnaryMethod<v1::CreateRunRequest, v1::Run>("/sumscope.v1.RunService/CreateRun", Repeat::kRequestId),
    UnaryMethod<v1::GetRunRequest, v1::Run>("/sumscope.v1.RunService/GetRun", Repeat::kRead),
    UnaryMethod<v1::ListRunsRequest, v1::ListRunsResponse>("/sumscope.v1.RunService/ListRuns", Repeat::kRead),
    UnaryMethod<v1::UpdateRunRequest, v1::Run>("/sumscope.v1.RunService/UpdateRun", Repeat::kSameTwice),
    // The second call is refused: the run has ended.
    UnaryMethod<v1::CancelRunRequest, v1::Run>("/sumscope.v1.RunService/CancelRun", Repeat::kNever),
    UnaryMethod<v1::ResumeRunRequest, v1::Run>("/sumscope.v1.RunService/ResumeRun", Repeat::kRequestId),
    UnaryMethod<v1::RetryRunRequest, v1::Run>("/sumscope.v1.RunService/RetryRun", Repeat::kRequestId),
    // Of both: a prefix may mean another run once the first call was heard.
    UnaryMethod<v1::DeleteRunRequest, v1::Run>("/sumscope.v1.RunService/DeleteRun", Repeat::kNever),
    UnaryMethod<v1::UndeleteRunRequest, v1::Run>("/sumscope.v1.RunService/UndeleteRun", Repeat::kNever),
    UnaryMethod<v1::ListMetricsRequest, v1::ListMetricsResponse>("/sumscope.v1.RunService/ListMetrics", Repeat::kRead),
    UnaryMethod<v1::ListLogsRequest, v1::ListLogsResponse>("/sumscope.v1.RunService/ListLogs", Repeat::kRead),
    UnaryMethod<v1::ListCheckpointsRequest, v1::ListCheckpointsResponse>("/sumscope.v1.RunService/ListCheckpoints",
                                                                         Repeat::kRead),
    UnaryMethod<v1::CreateAnalysisRequest, v1::CreateAnalysisResponse>("/sumscope.v1.AnalysisService/CreateAnalysis",
                                                                       Repeat::kRequestId),
    UnaryMethod<v1::GetAnalysisRequest, v1::Analysis>("/sumscope.v1.AnalysisService/GetAnalysis", Repeat::kRead),
    UnaryMethod<v1::ListAnalysesRequest, v1::ListAnalysesResponse>("/sumscope.v1.AnalysisService/ListAnalyses",
                                                                   Repeat::kRead),
    // The second call is refused: the analysis has ended.
    UnaryMethod<v1::CancelAnalysisRequest, v1::Analysis>("/sumscope.v1.AnalysisService/CancelAnalysis", Repeat::kNever),
    // The second call is refused: there is no such analysis.
    UnaryMethod<v1::DeleteAnalysisRequest, v1::DeleteAnalysisResponse>("/sumscope.v1.AnalysisService/DeleteAnalysis",
                                                                       Repeat::kNever),
    UnaryMethod<v1::ListFactsRequest, v1::ListFactsResponse>("/sumscope.v1.FactService/ListFacts", Repeat::kRead),
    UnaryMethod<v1::GetQuestionSetRequest, v1::UploadedQuestionSet>("/sumscope.v1.QuestionSetService/GetQuestionSet",
                                                                    Repeat::kRead),
    UnaryMethod<v1::ListQuestionSetsRequest, v1::ListQuestionSetsResponse>(
        "/sumscope.v1.QuestionSetService/ListQuestionSets", Repeat::kRead),
    UnaryMethod<v1::GetCaptureRequest, v1::Capture>("/sumscope.v1.CaptureService/GetCapture", Repeat::kRead),
    UnaryMethod<v1::ListCapturesRequest, v1::ListCapturesResponse>("/sumscope.v1.CaptureService/ListCaptures",
                                                                   Repeat::kRead),
    // The second call is refused: there is no such capture.
    UnaryMethod<v1::DeleteCaptureRequest, v1::DeleteCaptureResponse>("/sumscope.v1.CaptureService/DeleteCapture",
                                                                     Repeat::kNever),
    UnaryMethod<v1::ListJobsRequest, v1::ListJobsResponse>("/sumscope.v1.QueueService/ListJobs", Repeat::kRead),
    UnaryMethod<v1::ExplainJobRequest, v1::Explanation>("/sumscope.v1.QueueService/ExplainJob", Repeat::kRead),
    UnaryMethod<v1::HoldJobRequest, v1::Job>("/sumscope.v1.QueueService/HoldJob", Repeat::kSameTwice),
    // The second call is refused: nobody holds the job.
    UnaryMethod<v1::ReleaseJobRequest, v1::Job>("/sumscope.v1.QueueService/ReleaseJob", Repeat::kNever),
    UnaryMethod<v1::SetJobPriorityRequest, v1::Job>("/sumscope.v1.QueueService/SetJobPriority", Repeat::kSameTwice),
    UnaryMethod<v1::ListDevicesRequest, v1::ListDevicesResponse>("/sumscope.v1.DeviceService/ListDevices",
                                                                 Repeat::kRead),
    UnaryMethod<v1::CreateSweepRequest, v1::Sweep>("/sumscope.v1.SweepService/CreateSweep", Repeat::kRequestId),
    UnaryMethod<v1::GetSweepRequest, v1::Sweep>("/sumscope.v1.SweepService/GetSweep", Repeat::kRead),
    UnaryMethod<v1::ListSweepsRequest, v1::ListSweepsResponse>("/sumscope.v1.SweepService/ListSweeps", Repeat::kRead),
    // The second call is refused: the sweep has ended.
    UnaryMethod<v1::CancelSweepRequest, v1::Sweep>("/sumscope.v1.SweepService/CancelSweep", Repeat::kNever),
    UnaryMethod<v1::RetrySweepRequest, v1::Sweep>("/sumscope.v1.SweepService/RetrySweep", Repeat::kRequestId),
    // The second call is refused: there is no such sweep.
    UnaryMethod<v1::DeleteSweepRequest, v1::DeleteSweepResponse>("/sumscope.v1.SweepService/DeleteSweep",
                                                                 Repeat::kNever),
    UnaryMethod<v1::GetServerInfoRequest, v1::ServerInfo>("/sumscope.v1.SystemService/GetServerInfo", Repeat::kRead),
    UnaryMethod<v1::GetCallerRequest, v1::Caller>("/sumscope.v1.UserService/GetCaller", Repeat::kRead),
    UnaryMethod<v1::CreateUserRequest, v1::User>("/sumscope.v1.UserService/CreateUser", Repeat::kRequestId),
    UnaryMethod<v1::GetUserRequest, v1::User>("/sumscope.v1.UserService/GetUser", Repeat::kRead),
    UnaryMethod<v1::ListUsersRequest, v1::ListUsersResponse>("/sumscope.v1.UserService/ListUsers", Repeat::kRead),
    UnaryMethod<v1::UpdateUserRequest, v1::User>("/sumscope.v1.UserService/UpdateUser", Repeat::kSameTwice),
    // The second call makes a second token, and the secret of the first is lost.
    UnaryMethod<v1::CreateTokenRequest, v1::CreateTokenResponse>("/sumscope.v1.UserService/CreateToken",
                                                                 Repeat::kNever),
    UnaryMethod<v1::ListTokensRequest, v1::ListTokensResponse>("/sumscope.v1.UserService/ListTokens", Repeat::kRead),
    UnaryMethod<v1::RevokeTokenRequest, v1::Token>("/sumscope.v1.UserService/RevokeToken", Repeat::kSameTwice),
    UnaryMethod<v1::ListAuditRecordsRequest, v1::ListAuditRecordsResponse>("/sumscope.v1.UserService/ListAuditRecords",
                                                                           Repeat::kRead));

// The row of the method that takes such requests; no two take the same.
template <typename Request, size_t i = 0>
constexpr auto MethodOf() {
  using Row = std::tuple_element_t<i, std::decay_t<decltype(kUnaryMethods)>>;
  if constexpr (std::is_same_v<typename Row::Request, Request>) {
    return std::get<i>(kUnaryMethods);
  } else {
    return MethodOf<Request, i + 1>();
  }
}

template <typename Request>
using ResponseOf = typename decltype(MethodOf<Request>())::Response;

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_UNARY_METHODS_H_

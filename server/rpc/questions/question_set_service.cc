#include "server/rpc/questions/question_set_service.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/questions/question_sets.h"
#include "server/rpc/questions/question_text.h"
#include "server/rpc/serve/requests.h"

namespace sumscope::rpc {

absl::StatusOr<v1::UploadedQuestionSet> QuestionSetService::Upload(const auth::Caller& caller,
                                                                   UploadReader<v1::UploadQuestionSetRequest>* reader) {
  v1::UploadQuestionSetRequest message;
  SUMSCOPE_ASSIGN_OR_RETURN(bool more, reader->Read(&message));
  if (!more || !message.has_header()) {
    return InvalidField("UPLOAD_HEADER_MISSING", "header", "the first message of UploadQuestionSet must be its header");
  }
  const uint32_t n_digits = message.header().n_digits();
  if (n_digits < limits::kMinDigits || n_digits > limits::kMaxDigits) {
    return InvalidField(
        "DIGITS_OUT_OF_RANGE", "header.n_digits",
        absl::StrCat("n_digits is ", n_digits, "; expected ", limits::kMinDigits, " to ", limits::kMaxDigits));
  }
  QuestionText questions(n_digits);
  IncomingRoom::Hold room(backend_.room, caller);
  while (true) {
    SUMSCOPE_ASSIGN_OR_RETURN(more, reader->Read(&message));
    if (!more) break;
    // An empty one is no progress, and would keep its place for as long as it is sent.
    if (message.data().empty() || message.data().size() > limits::kMaxChunkBytes) {
      return InvalidField("UPLOAD_CHUNK_INVALID", "data", "chunks have 1 byte to 1 MiB");
    }
    SUMSCOPE_RETURN_IF_ERROR(questions.Append(message.data()));
    SUMSCOPE_RETURN_IF_ERROR(room.HoldMemory(questions.held_bytes()));
  }
  SUMSCOPE_RETURN_IF_ERROR(questions.Finish());
  SUMSCOPE_RETURN_IF_ERROR(room.TakeDisk(questions.text().size()));
  v1::UploadedQuestionSet set = questions.question_set();
  set.set_owner(caller.name);
  return backend_.manager->question_sets().Add(caller.actor(), std::move(set), questions.text());
}

grpc::ServerReadReactor<v1::UploadQuestionSetRequest>* QuestionSetService::UploadQuestionSet(
    grpc::CallbackServerContext* context, v1::UploadedQuestionSet* response) {
  return road_.Upload<v1::UploadQuestionSetRequest>(
      context, backend_.uploads, response,
      [this](const auth::Caller& caller, auto* reader) { return Upload(caller, reader); });
}

grpc::Status QuestionSetService::GetQuestionSet(grpc::ServerContext* context, const v1::GetQuestionSetRequest* request,
                                                v1::UploadedQuestionSet* response) {
  return road_.Unary(
      context, request, response, [&](const auth::Caller& caller) -> absl::StatusOr<v1::UploadedQuestionSet> {
        SUMSCOPE_ASSIGN_OR_RETURN(const std::string sha256, ParseQuestionSetName(request->name()));
        v1::UploadedQuestionSet set;
        SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
          SUMSCOPE_ASSIGN_OR_RETURN(set, reader.question_sets().Get(caller.viewer(), sha256));
          return absl::OkStatus();
        }));
        return set;
      });
}

grpc::Status QuestionSetService::ListQuestionSets(grpc::ServerContext* context,
                                                  const v1::ListQuestionSetsRequest* request,
                                                  v1::ListQuestionSetsResponse* response) {
  const auto list = [&](const auth::Caller& caller) -> absl::StatusOr<v1::ListQuestionSetsResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t size, PageSize(request->page_size()));
    v1::ListQuestionSetsResponse sets;
    SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(storage::QuestionSetPage page,
                                reader.question_sets().List(caller.viewer(), size, request->page_token()));
      for (v1::UploadedQuestionSet& set : page.question_sets) *sets.add_question_sets() = std::move(set);
      sets.set_next_page_token(page.next_page_token);
      return absl::OkStatus();
    }));
    return sets;
  };
  return road_.Unary(context, request, response, list);
}

}  // namespace sumscope::rpc

// The fake's captures, facts and question sets.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/safetensors/safetensors.h"
#include "proto/contract/text/sha256.h"
#include "tests/client/fake_server.h"
#include "tests/client/fake_stream.h"

namespace sumscope::client {
namespace {

constexpr uint64_t kChunk = 10;

class Captures : public v1::CaptureService::Service {
 public:
  explicit Captures(FakeServer* fake) : fake_(fake) {}

  grpc::Status ListCaptures(grpc::ServerContext*, const v1::ListCapturesRequest* request,
                            v1::ListCapturesResponse* response) override {
    fake_->Record("ListCaptures", *request);
    *response->add_captures() = fake_->capture;
    return grpc::Status::OK;
  }
  grpc::Status GetCapture(grpc::ServerContext*, const v1::GetCaptureRequest* request, v1::Capture* answer) override {
    fake_->Record("GetCapture", *request);
    *answer = fake_->capture;
    return grpc::Status::OK;
  }
  grpc::Status ReadTensor(grpc::ServerContext* context, const v1::ReadTensorRequest* request,
                          grpc::ServerWriter<v1::FileChunk>* writer) override {
    fake_->Record("ReadTensor", *request);
    const auto tensor = fake_->tensors.find(request->tensor());
    if (tensor == fake_->tensors.end()) {
      return ToGrpc(MakeError(absl::StatusCode::kNotFound, "TENSOR_NOT_FOUND", "no such tensor"));
    }
    return SendFile({tensor->second, Sha256Hex(tensor->second), kChunk}, request->offset(), request->length(),
                    Sender<v1::FileChunk>(fake_, context, writer));
  }
  grpc::Status DownloadCapture(grpc::ServerContext* context, const v1::DownloadCaptureRequest* request,
                               grpc::ServerWriter<v1::FileChunk>* writer) override {
    fake_->Record("DownloadCapture", *request);
    return SendFile({fake_->capture_file, Sha256Hex(fake_->capture_file), kChunk}, request->offset(), /*length=*/0,
                    Sender<v1::FileChunk>(fake_, context, writer));
  }
  grpc::Status DeleteCapture(grpc::ServerContext*, const v1::DeleteCaptureRequest* request,
                             v1::DeleteCaptureResponse*) override {
    fake_->Record("DeleteCapture", *request);
    return grpc::Status::OK;
  }

 private:
  FakeServer* const fake_;
};

class Facts : public v1::FactService::Service {
 public:
  explicit Facts(FakeServer* fake) : fake_(fake) {}

  grpc::Status ListFacts(grpc::ServerContext*, const v1::ListFactsRequest* request,
                         v1::ListFactsResponse* response) override {
    fake_->Record("ListFacts", *request);
    uint64_t at = 0;
    if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &at)) at = 0;
    constexpr uint64_t kPage = 2;
    for (uint64_t i = at; i < std::min<uint64_t>(fake_->facts.size(), at + kPage); ++i) {
      *response->add_facts() = fake_->facts[i];
    }
    if (at + kPage < fake_->facts.size()) response->set_next_page_token(absl::StrCat(at + kPage));
    return grpc::Status::OK;
  }

 private:
  FakeServer* const fake_;
};

class QuestionSets : public v1::QuestionSetService::Service {
 public:
  explicit QuestionSets(FakeServer* fake) : fake_(fake) {}

  grpc::Status UploadQuestionSet(grpc::ServerContext*, grpc::ServerReader<v1::UploadQuestionSetRequest>* reader,
                                 v1::UploadedQuestionSet* answer) override {
    v1::UploadQuestionSetRequest message;
    fake_->questions.clear();
    if (reader->Read(&message)) fake_->Record("UploadQuestionSet", message.header());
    while (reader->Read(&message)) fake_->questions += message.data();
    answer->set_sha256(Sha256Hex(fake_->questions));
    answer->set_name(absl::StrCat("questionSets/", answer->sha256()));
    return grpc::Status::OK;
  }
  grpc::Status ListQuestionSets(grpc::ServerContext*, const v1::ListQuestionSetsRequest* request,
                                v1::ListQuestionSetsResponse* response) override {
    fake_->Record("ListQuestionSets", *request);
    for (const std::string& hash : fake_->question_sets) response->add_question_sets()->set_sha256(hash);
    return grpc::Status::OK;
  }

 private:
  FakeServer* const fake_;
};

}  // namespace

std::vector<std::unique_ptr<grpc::Service>> MakeProbingServices(FakeServer* fake) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(std::make_unique<Captures>(fake));
  services.push_back(std::make_unique<Facts>(fake));
  services.push_back(std::make_unique<QuestionSets>(fake));
  return services;
}

void FillCapture(FakeServer* fake) {
  v1::Capture& capture = fake->capture;
  capture.set_name("runs/r7k2m9qa/captures/c1");
  capture.set_analysis("runs/r7k2m9qa/analyses/c1");
  capture.mutable_request()->add_hooks("blocks.0.attn.hook_z");
  capture.mutable_question_set()->mutable_uniform()->set_count(3);
  std::vector<SafetensorsTensor> tensors;
  std::string data;
  const auto add = [&](const std::string& name, const std::string& dtype, std::vector<uint64_t> shape, size_t bytes) {
    std::string& content = fake->tensors[name];
    for (size_t i = 0; i < bytes; ++i) content += static_cast<char>('a' + i % 26);
    v1::CapturedTensor* const tensor = capture.mutable_result()->add_tensors();
    tensor->set_name(name);
    tensor->set_dtype(dtype);
    for (const uint64_t size : shape) tensor->add_shape(size);
    tensor->set_bytes(bytes);
    tensor->set_offset(data.size());
    tensor->set_sha256(Sha256Hex(content));
    data += content;
    tensors.push_back({name, dtype, shape, 0, 0});
  };
  add("tokens", "I64", {3, 2}, 48);
  add("blocks.0.attn.hook_z", "F32", {3, 2, 2}, 48);
  capture.mutable_result()->set_bytes(data.size());
  capture.mutable_result()->add_positions(14);
  fake->capture_file = MakeSafetensorsPrefix(tensors, {}) + data;
}

}  // namespace sumscope::client

#ifndef SUMSCOPE_TESTS_SERVER_RPC_ANY_CALL_H_
#define SUMSCOPE_TESTS_SERVER_RPC_ANY_CALL_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"

namespace sumscope::rpc {

// All that a call was answered with.
struct Reply {
  std::vector<std::string> messages;  // their bytes
  grpc::Status status;
};

// Calls a method of whatever kind by its path, with one message, and reads all of the answer.
inline Reply CallAny(grpc::Server* server, const std::string& method, const std::string& request,
                      const std::map<std::string, std::string>& metadata = {}) {
  grpc::GenericStub stub(server->InProcessChannel({}));
  grpc::ClientContext context;
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  grpc::CompletionQueue queue;
  const auto finished = [&queue] {
    void* tag;
    bool ok;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto stream = stub.PrepareCall(&context, method, &queue);
  const grpc::Slice slice(request);
  Reply answer;
  void* const tag = &answer;
  stream->StartCall(tag);
  finished();
  stream->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), tag);
  finished();
  while (true) {
    grpc::ByteBuffer bytes;
    stream->Read(&bytes, tag);
    if (!finished()) break;
    grpc::Slice whole;
    if (bytes.DumpToSingleSlice(&whole).ok()) {
      answer.messages.emplace_back(reinterpret_cast<const char*>(whole.begin()), whole.size());
    }
  }
  stream->Finish(&answer.status, tag);
  finished();
  return answer;
}

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_TESTS_SERVER_RPC_ANY_CALL_H_

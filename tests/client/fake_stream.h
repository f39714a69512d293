#ifndef SUMSCOPE_TESTS_CLIENT_FAKE_STREAM_H_
#define SUMSCOPE_TESTS_CLIENT_FAKE_STREAM_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>

#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {

inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      ToRpcStatus(status).SerializeAsString());
}

// Sends one stream's messages, and breaks it where the fake says so.
template <typename Message>
class Sender {
 public:
  Sender(FakeServer* fake, grpc::ServerContext* context, grpc::ServerWriter<Message>* writer)
      : fake_(fake), context_(context), writer_(writer) {
    if (fake->break_kind != Break::kNone && fake->breaks.fetch_sub(1) > 0) left_ = fake->break_after;
  }

  // False when the stream is to end with status().
  bool Send(const Message& message) {
    if (left_ == 0) {
      Break();
      return false;
    }
    if (left_ > 0) --left_;
    return writer_->Write(message);
  }
  const grpc::Status& status() const { return status_; }

 private:
  void Break() {
    switch (fake_->break_kind) {
      case Break::kHang:
        fake_->hanging.set_value();
        while (!context_->IsCancelled()) std::this_thread::yield();
        status_ = grpc::Status(grpc::StatusCode::CANCELLED, "");
        break;
      case Break::kUnavailable:
        status_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away");
        break;
      default:
        break;
    }
  }

  FakeServer* const fake_;
  grpc::ServerContext* const context_;
  grpc::ServerWriter<Message>* const writer_;
  int left_ = -1;
  grpc::Status status_;
};

// A file, and how many bytes of it a chunk has.
struct SentFile {
  const std::string& bytes;
  const std::string& sha256;
  uint64_t chunk;
};

// The file from `offset` on, up to `length` bytes where that is not 0; its first chunk has size and hash, also where
// nothing is left.
inline grpc::Status SendFile(const SentFile& file, uint64_t offset, uint64_t length, Sender<v1::FileChunk> sender) {
  if (offset > file.bytes.size()) {
    return ToGrpc(MakeError(absl::StatusCode::kOutOfRange, "OFFSET_OUT_OF_RANGE", "too far"));
  }
  const uint64_t end = length == 0 ? file.bytes.size() : std::min<uint64_t>(file.bytes.size(), offset + length);
  bool first = true;
  do {
    v1::FileChunk chunk;
    chunk.set_offset(offset);
    chunk.set_data(file.bytes.substr(offset, std::min(file.chunk, end - offset)));
    if (first) {
      chunk.set_total_bytes(file.bytes.size());
      chunk.set_sha256(file.sha256);
    }
    first = false;
    if (!sender.Send(chunk)) return sender.status();
    offset += chunk.data().size();
  } while (offset < end);
  return grpc::Status::OK;
}

}  // namespace sumscope::client

#endif  // SUMSCOPE_TESTS_CLIENT_FAKE_STREAM_H_

#include "server/worker/convert/tensors.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "tests/server/worker/recording_sink.h"

namespace sumscope::worker {
namespace {

engine::NamedTensors SomeTensors() {
  return {{"a", torch::arange(6, torch::kFloat32).view({2, 3})},
          {"large", torch::arange(400000, torch::kFloat64)},  // more than three chunks
          {"transposed", torch::arange(6, torch::kInt64).view({2, 3}).t()},
          {"scalar", torch::tensor(2.5)}};
}

TEST(Tensors_Test, WhenSentThenTheyAreReadBackTheSame) {
  RecordingSink sink;
  ASSERT_TRUE(SendTensorSet(v1::WEIGHTS, 7, SomeTensors(), 0.5, &sink).ok());
  ASSERT_EQ(sink.sets.size(), 1u);
  EXPECT_TRUE(sink.sets[0].complete);
  EXPECT_EQ(sink.sets[0].begin.step(), 7u);
  EXPECT_EQ(sink.sets[0].heldout_loss, 0.5);
  for (const v1::WorkerMessage& message : sink.messages) {
    EXPECT_LE(message.tensor_chunk().data().size(), limits::kMaxChunkBytes);
  }
  const auto read = ReadTensors(sink.sets[0].begin, sink.sets[0].data, "R");
  ASSERT_TRUE(read.ok()) << read.status();
  const engine::NamedTensors sent = SomeTensors();
  ASSERT_EQ(read->size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ((*read)[i].first, sent[i].first);
    EXPECT_TRUE(torch::equal((*read)[i].second, sent[i].second)) << sent[i].first;
    EXPECT_EQ((*read)[i].second.scalar_type(), sent[i].second.scalar_type());
  }
}

TEST(Tensors_Test, GivenAnUnknownDtypeThenNothingIsSent) {
  RecordingSink sink;
  const absl::Status status = SendTensorSet(v1::WEIGHTS, 0, {{"h", torch::zeros({2}, torch::kHalf)}}, {}, &sink);
  EXPECT_EQ(ErrorReason(status), "TENSOR_DTYPE");
  EXPECT_TRUE(sink.messages.empty());
}

v1::TensorSetBegin Listing(const std::string& dtype, std::vector<uint64_t> shape, uint64_t bytes) {
  v1::TensorSetBegin begin;
  v1::TensorInfo* info = begin.add_tensors();
  info->set_name("a");
  info->set_dtype(dtype);
  info->mutable_shape()->Add(shape.begin(), shape.end());
  info->set_bytes(bytes);
  return begin;
}

TEST(Tensors_Test, GivenAListThatItsBytesDoNotFitThenItIsRefused) {
  const std::string data(8, '\0');
  EXPECT_TRUE(ReadTensors(Listing("F32", {2}, 8), data, "R").ok());
  const uint64_t huge = uint64_t{1} << 61;
  for (const auto& listing :
       {Listing("F16", {4}, 8), Listing("F32", {3}, 8), Listing("F32", {2}, 4), Listing("F32", {1}, 4),
        Listing("F32", {4}, 16), Listing("F32", {huge, 8}, 0), Listing("F32", {huge, huge}, 8)}) {
    EXPECT_EQ(ErrorReason(ReadTensors(listing, data, "R").status()), "R") << listing.ShortDebugString();
  }
}

}  // namespace
}  // namespace sumscope::worker

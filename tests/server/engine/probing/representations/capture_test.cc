#include "server/engine/probing/representations/capture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "server/engine/probing/statistics/principal_components.h"
#include "server/engine/runtime/error.h"
#include "tests/server/engine/reason_of.h"

namespace sumscope::engine {
namespace {

// Keeps everything and puts the tensors together again.
class MemorySink : public CaptureSink {
 public:
  void Begin(const std::vector<TensorInfo>& tensors) override {
    EXPECT_TRUE(infos_.empty() && bytes_.empty());
    infos_ = tensors;
  }
  void Bytes(const char* data, size_t size) override {
    EXPECT_FALSE(infos_.empty());
    bytes_.append(data, size);
    largest_ = std::max(largest_, size);
  }

  size_t largest() const { return largest_; }
  const std::vector<TensorInfo>& infos() const { return infos_; }
  std::map<std::string, torch::Tensor> Tensors() {
    std::map<std::string, torch::Tensor> tensors;
    size_t offset = 0;
    for (const TensorInfo& info : infos_) {
      const auto dtype = info.dtype == "F32" ? torch::kFloat32 : info.dtype == "F64" ? torch::kFloat64 : torch::kInt64;
      torch::Tensor tensor = torch::empty(info.shape, dtype);
      EXPECT_EQ(tensor.nbytes(), info.bytes());
      if (offset + info.bytes() <= bytes_.size()) std::memcpy(tensor.data_ptr(), &bytes_[offset], info.bytes());
      offset += info.bytes();
      tensors[info.name] = tensor;
    }
    EXPECT_EQ(offset, bytes_.size());
    return tensors;
  }

 private:
  std::vector<TensorInfo> infos_;
  std::string bytes_;
  size_t largest_ = 0;
};

// 700 questions: more than one batch.
class Capture_Test : public ::testing::TestWithParam<torch::ScalarType> {
 protected:
  static constexpr int64_t kQuestions = 700;

  Capture_Test() : encoding_(2, Format::kSigned), source_(UniformSource(Operation::kSub, 2, kQuestions, 3)) {
    config_ = {2, 2, 12, 6, 20, encoding_.n_ctx(), encoding_.d_vocab()};
    model_ = {config_, 2, Format::kSigned, InitialWeights(config_, 4, GetParam()), torch::kCPU};
    source_->Fill(0, kQuestions, &questions_);
    const torch::NoGradGuard no_grad;
    Hooks hooks(config_);
    hooks.CaptureAll();
    tokens_ = encoding_.Encode(questions_);
    Transformer(config_, model_.weights).Forward(tokens_, &hooks);
    reference_ = hooks.captured();
    request_.hooks = HookNames(config_);
  }

  torch::Tensor At(const std::string& hook, const std::vector<int64_t>& positions) const {
    const bool attention = hook.find("attn_scores") != std::string::npos || hook.find("pattern") != std::string::npos;
    return reference_.at(hook).index_select(attention ? 2 : 1, torch::tensor(positions, torch::kInt64));
  }
  CaptureResult Run(MemorySink* sink, uint64_t group_bytes = kCaptureGroupBytes) const {
    return Capture(model_, *source_, request_, sink, nullptr, group_bytes);
  }
  static void ExpectClose(const torch::Tensor& value, const torch::Tensor& expected, const std::string& name) {
    ASSERT_EQ(value.sizes(), expected.sizes()) << name;
    ASSERT_EQ(value.scalar_type(), GetParam()) << name;
    const double tolerance = GetParam() == torch::kFloat64 ? 1e-12 : 1e-5;
    EXPECT_TRUE(torch::allclose(value, expected.to(GetParam()), tolerance, tolerance)) << name;
  }
  std::string Reason(const CaptureRequest& request) const {
    MemorySink sink;
    return ReasonOf([&] { Capture(model_, *source_, request, &sink); });
  }

  const Encoding encoding_;
  const std::unique_ptr<QuestionSource> source_;
  ModelConfig config_;
  Model model_;
  Questions questions_;
  torch::Tensor tokens_;
  std::map<std::string, torch::Tensor> reference_;
  CaptureRequest request_;
};

TEST_P(Capture_Test, GivenEveryHookThenTheBytesAreThoseOfTheReferenceWhateverTheGroups) {
  for (const uint64_t group_bytes : {uint64_t{1}, uint64_t{500000}, kCaptureGroupBytes}) {
    MemorySink sink;
    const CaptureResult result = Run(&sink, group_bytes);
    ASSERT_EQ(sink.infos().size(), request_.hooks.size() + 1);
    EXPECT_EQ(result.tensors.size(), sink.infos().size());
    EXPECT_EQ(result.positions.size(), static_cast<size_t>(config_.n_ctx));
    EXPECT_EQ(sink.infos()[0].name, "tokens");
    for (size_t i = 0; i < request_.hooks.size(); ++i) EXPECT_EQ(sink.infos()[i + 1].name, request_.hooks[i]);
    const auto tensors = sink.Tensors();
    EXPECT_TRUE(torch::equal(tensors.at("tokens"), tokens_));
    for (const auto& [name, value] : reference_) ExpectClose(tensors.at(name), value, name);
    if (group_bytes == 1) {  // batch by batch: no piece holds a whole hook
      EXPECT_LT(sink.largest(), reference_.at("hook_embed").nbytes() * 4);
    }
  }
}

TEST_P(Capture_Test, GivenPositionsThenOnlyTheyAreKeptInTheirOrder) {
  request_.positions = {7, 2};
  request_.hooks.push_back(request_.hooks.front());  // a repeat
  MemorySink sink;
  EXPECT_EQ(Run(&sink).positions, request_.positions);
  const auto tensors = sink.Tensors();
  EXPECT_EQ(tensors.size(), HookNames(config_).size() + 1);
  for (const auto& [name, value] : reference_) ExpectClose(tensors.at(name), At(name, {7, 2}), name);
}

TEST_P(Capture_Test, GivenMeansThenTheyAreThoseOverAllQuestionsAndOverEachClass) {
  request_.positions = {3, 5};
  request_.reduction = CaptureReduction::kMeanOverQuestions;
  MemorySink whole, by_class;
  EXPECT_TRUE(Run(&whole, 1000).classes.empty());
  request_.reduction = CaptureReduction::kMeanPerClass;
  const CaptureResult result = Run(&by_class, 1000);
  EXPECT_EQ(result.classes, (std::vector<std::string>{"M0", "M1", "N1", "N2"}));
  const auto means = whole.Tensors(), class_means = by_class.Tensors();
  EXPECT_EQ(means.count("tokens"), 0u);
  for (const std::string& name : HookNames(config_)) {
    const torch::Tensor all = At(name, {3, 5}).to(torch::kFloat64);
    ExpectClose(means.at(name), all.mean(0), name);
    std::vector<torch::Tensor> rows;
    for (const std::string& wanted : result.classes) {
      std::vector<int64_t> index;
      for (size_t q = 0; q < questions_.size(); ++q) {
        if (ClassName(Classify(questions_[q])) == wanted) index.push_back(static_cast<int64_t>(q));
      }
      rows.push_back(all.index({torch::tensor(index, torch::kInt64)}).mean(0));
    }
    ExpectClose(class_means.at(name), torch::stack(rows), name);
  }
}

TEST_P(Capture_Test, GivenComponentsThenTheyAreThoseOfTheFlattenedActivations) {
  request_.hooks = {"blocks.1.attn.hook_z", "blocks.0.attn.hook_attn_scores", "hook_pos_embed"};
  request_.positions = {6, 8};
  request_.reduction = CaptureReduction::kComponents;
  request_.components = 3;
  MemorySink sink;
  Run(&sink, 1000);
  EXPECT_EQ(sink.infos()[0].name, "blocks.1.attn.hook_z.scores");
  const auto tensors = sink.Tensors();
  EXPECT_EQ(tensors.size(), 12u);
  const torch::Tensor x = At("blocks.1.attn.hook_z", {6, 8}).to(torch::kFloat64).flatten(1);
  const torch::Tensor centred = x - x.mean(0);
  const auto [u, s, vh] = torch::linalg_svd(centred, false);
  const double loose = GetParam() == torch::kFloat64 ? 1e-9 : 1e-4;
  const auto close = [&](const char* part, const torch::Tensor& expected) {
    const torch::Tensor value = tensors.at(std::string("blocks.1.attn.hook_z.") + part).to(torch::kFloat64);
    ASSERT_EQ(value.sizes(), expected.sizes()) << part;
    EXPECT_LE((value.abs() - expected.abs()).abs().max().item<double>(), loose) << part;
  };
  close("mean", x.mean(0));
  close("evr", (s.square() / s.square().sum()).slice(0, 0, 3));
  close("axes", vh.slice(0, 0, 3));
  close("scores", centred.matmul(vh.slice(0, 0, 3).t()));
  for (const auto& [name, value] : tensors) EXPECT_TRUE(value.isfinite().all().item<bool>()) << name;
  EXPECT_TRUE((tensors.at("hook_pos_embed.evr") == 0).all().item<bool>());
}

TEST_P(Capture_Test, GivenBadRequestsThenTheReasonIsNamed) {
  CaptureRequest bad;
  EXPECT_EQ(Reason(bad), "NO_HOOKS");
  bad.hooks = {"blocks.7.hook_mlp_out"};
  EXPECT_EQ(Reason(bad), "UNKNOWN_HOOK");
  bad.hooks = {"hook_embed"};
  EXPECT_EQ(Reason(bad), "");
  bad.positions = {config_.n_ctx};
  EXPECT_EQ(Reason(bad), "BAD_POSITION");
  bad.positions = {1, 1};
  EXPECT_EQ(Reason(bad), "BAD_POSITION");
  bad.positions.clear();
  bad.reduction = CaptureReduction::kComponents;
  bad.components = 51;
  EXPECT_EQ(Reason(bad), "BAD_COMPONENTS");
}

TEST_P(Capture_Test, GivenAStopThenItIsCancelledAndTheSinksErrorsPass) {
  MemorySink sink;
  EXPECT_THROW(Capture(model_, *source_, request_, &sink, [](double) { return false; }), Error);
  class Full : public CaptureSink {
    void Begin(const std::vector<TensorInfo>&) override {}
    void Bytes(const char*, size_t) override { throw std::runtime_error("full"); }
  } full;
  EXPECT_THROW(Capture(model_, *source_, request_, &full), std::runtime_error);
}

TEST(CaptureLimits_Test, GivenComponentsOfTooManyFeaturesThenTheyAreRefusedBeforeAnyPass) {
  const Encoding encoding(20, Format::kSigned);
  const ModelConfig config = {1, 4, 128, 8, 16, encoding.n_ctx(), encoding.d_vocab()};
  const Model model = {config, 20, Format::kSigned, InitialWeights(config, 1), torch::kCPU};
  CaptureRequest request;
  request.hooks = {"blocks.0.attn.hook_result"};  // 63 * 4 * 128 features
  request.reduction = CaptureReduction::kComponents;
  MemorySink sink;
  try {
    Capture(model, *UniformSource(Operation::kAdd, 20, 10, 1), request, &sink);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason, "RESULT_TOO_LARGE");
  }
  EXPECT_TRUE(sink.infos().empty());
}

INSTANTIATE_TEST_SUITE_P(Precisions, Capture_Test, ::testing::Values(torch::kFloat32, torch::kFloat64),
                         [](const auto& info) { return info.param == torch::kFloat64 ? "float64" : "float32"; });

}  // namespace
}  // namespace sumscope::engine

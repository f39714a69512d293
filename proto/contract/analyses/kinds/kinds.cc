#include "proto/contract/analyses/kinds/kinds.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/canonical_json.h"
#include "proto/contract/text/sha256.h"

// The list: one line a kind, in the order of AnalysisRequest's fields. X is defined as XKind() in the file of its name;
// a macro, so that a new kind is one line here.
#define SUMSCOPE_ANALYSIS_KINDS(KIND) \
  KIND(Evaluate)                      \
  KIND(Attention)                     \
  KIND(Ablate)                        \
  KIND(UsefulNodes)                   \
  KIND(Patch)                         \
  KIND(Subtasks)                      \
  KIND(Pca)                           \
  KIND(LinearProbe)                   \
  KIND(Attribution)                   \
  KIND(Phases)                        \
  KIND(Cascades)                      \
  KIND(Algorithm)                     \
  KIND(Ask)                           \
  KIND(Capture)                       \
  KIND(ImportTags)                    \
  /* the next kind above this line */

namespace sumscope {

#define SUMSCOPE_DECLARE_KIND(name) const AnalysisKind& name##Kind();
SUMSCOPE_ANALYSIS_KINDS(SUMSCOPE_DECLARE_KIND)
#undef SUMSCOPE_DECLARE_KIND

namespace {

class NoKind final : public AnalysisKind {
 public:
  absl::string_view name() const override { return ""; }
  uint32_t version() const override { return 0; }
  absl::Status Complete(const v1::TrainSpec&, const v1::QuestionSet&, v1::AnalysisRequest*) const override {
    return InvalidField("ANALYSIS_MISSING", "request", "the request names no analysis; set one, like request.evaluate");
  }
  AnalysisCost Cost(const v1::TrainSpec&, const v1::QuestionSet&, double, const v1::AnalysisRequest&) const override {
    return {};
  }
};

// `message` has one oneof, whose fields are the kinds.
const AnalysisKind& KindOfMember(const google::protobuf::Message& message) {
  static const auto* const kNone = new NoKind;
  const auto* const oneof = message.GetDescriptor()->oneof_decl(0);
  const auto* const field = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  const AnalysisKind* const kind = field == nullptr ? nullptr : FindKind(field->name());
  return kind == nullptr ? *kNone : *kind;
}

}  // namespace

const std::vector<const AnalysisKind*>& AllKinds() {
#define SUMSCOPE_LIST_KIND(name) &name##Kind(),
  static const auto* const kAll = new std::vector<const AnalysisKind*>{SUMSCOPE_ANALYSIS_KINDS(SUMSCOPE_LIST_KIND)};
#undef SUMSCOPE_LIST_KIND
  return *kAll;
}

const AnalysisKind* FindKind(absl::string_view name) {
  for (const AnalysisKind* const kind : AllKinds()) {
    if (kind->name() == name) return kind;
  }
  return nullptr;
}

const AnalysisKind& KindOfCaptures() {
  const auto writes = [](const AnalysisKind* kind) { return kind->writes_capture(); };
  static const AnalysisKind& kWriter = **std::find_if(AllKinds().begin(), AllKinds().end(), writes);
  return kWriter;
}

const AnalysisKind& KindOf(const v1::AnalysisRequest& request) { return KindOfMember(request); }

const AnalysisKind& KindOf(const v1::AnalysisResult& result) { return KindOfMember(result); }

absl::Status CompleteAnalysis(const v1::TrainSpec& spec, v1::AnalysisRequest* request, v1::QuestionSet* questions) {
  const AnalysisKind& kind = KindOf(*request);
  SUMSCOPE_RETURN_IF_ERROR(kind.Complete(spec, *questions, request));
  SUMSCOPE_RETURN_IF_ERROR(CompleteQuestions(spec, kind.Rules(spec, *request), questions));
  return kind.CompleteWithQuestions(spec, *questions, request);
}

std::string AnalysisKey(absl::string_view checkpoint_sha256, const v1::AnalysisRequest& request,
                        absl::string_view question_set_sha256, v1::Precision precision) {
  const AnalysisKind& kind = KindOf(request);
  const nlohmann::json parts = {{"checkpoint", std::string(checkpoint_sha256)},
                                {"analysis", std::string(kind.name())},
                                {"algorithm_version", kind.version()},
                                {"request", nlohmann::json::parse(CanonicalJson(request))},
                                {"question_set", std::string(question_set_sha256)},
                                {"precision", v1::Precision_Name(precision)}};
  return Sha256Hex(parts.dump());
}

absl::Status CheckResultSize(const v1::AnalysisRequest& request, const v1::QuestionSet& questions, uint64_t bytes) {
  constexpr uint64_t kReserve = 64 << 10;  // for names, times and provenance
  const uint64_t taken = kReserve + request.ByteSizeLong() + questions.ByteSizeLong();
  const uint64_t room = taken < limits::kMaxMessageBytes ? limits::kMaxMessageBytes - taken : 0;
  if (bytes <= room) return absl::OkStatus();
  return InvalidField("RESULT_TOO_LARGE", absl::StrCat("request.", KindOf(request).name()),
                      absl::StrCat("the result takes ", bytes, " bytes, but ", room,
                                   " of a message are left beside its question: ask about fewer nodes, pairs or steps",
                                   questions.has_list() ? ", or upload the questions" : ""));
}

}  // namespace sumscope

#include "server/engine/probing/evaluation/cascades.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/models/look_back.h"
#include "server/engine/probing/arithmetic/look_back.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/analyses/verdict.h"
#include "server/worker/convert/intervals.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

constexpr int kPublishedK = 2;

void Copy(const std::vector<uint64_t>& counts, google::protobuf::RepeatedField<uint32_t>* to) {
  for (const uint64_t count : counts) to->Add(Narrow(count));
}

void Convert(const engine::AgreementCounts& from, api::AgreementCounts* to) {
  to->set_agree(Narrow(from.agree));
  Copy(from.digit_agree, to->mutable_digit_agree());
  to->set_agree_on_mistakes(Narrow(from.agree_on_mistakes));
  Copy(from.wrong_cut_short, to->mutable_wrong_cut_short());
}

void Convert(const engine::LookBackAgreement& from, api::LookBackAgreement* to) {
  to->set_operation(from.operation == engine::Operation::kAdd ? api::ADD : api::SUB);
  to->set_questions(Narrow(from.questions));
  to->set_mistakes_forced(Narrow(from.mistakes_forced));
  to->set_mistakes_generated(Narrow(from.mistakes_generated));
  Copy(from.generated_digit_correct, to->mutable_generated_digit_correct());
  for (const engine::LookBackK& by : from.by_k) {
    api::LookBackK* converted = to->add_by_k();
    converted->set_k(static_cast<uint32_t>(by.k));
    converted->set_exact(Narrow(by.exact));
    Copy(by.cut_short, converted->mutable_cut_short());
    Convert(by.forced, converted->mutable_forced());
    Convert(by.generated, converted->mutable_generated());
  }
}

api::BayesFloor Floors(const api::CascadesResult& result, const engine::Encoding& encoding, double measured_loss) {
  const int n = encoding.n_digits();
  std::vector<int> reads(static_cast<size_t>(n) + 1, 0), sure = reads;
  for (const api::LookBackDigit& digit : result.additions()) {
    const auto i = static_cast<size_t>(digit.right_size());  // A_i has i lengths
    reads[i] = static_cast<int>(digit.k());
    sure[i] = static_cast<int>(digit.s());
  }
  const std::vector<int> published(reads.size(), kPublishedK);
  const auto floor = [&](const std::vector<int>& k, bool forced) {
    return engine::BayesFloor(n, encoding.n_answer(), k, forced);
  };
  api::BayesFloor floors;
  floors.set_measured_loss(measured_loss);
  floors.set_at_measured_k(floor(reads, true));
  floors.set_at_published_k(floor(published, true));
  floors.set_at_measured_k_generated(floor(reads, false));
  floors.set_at_published_k_generated(floor(published, false));
  floors.set_at_sure_s(floor(sure, true));
  floors.set_at_sure_s_generated(floor(sure, false));
  return floors;
}

}  // namespace

api::LookBackDigit Judge(const engine::LookBackDigit& digit, uint32_t per_cell) {
  api::LookBackDigit judged;
  judged.set_digit(absl::StrCat("A", digit.digit));
  judged.set_per_cell(per_cell);
  Copy(digit.right, judged.mutable_right());
  Copy(digit.other, judged.mutable_other());
  for (size_t m = 0; m < digit.right.size(); ++m) {
    const Interval right = ClopperPearson(digit.right[m], per_cell), other = ClopperPearson(digit.other[m], per_cell);
    judged.add_kappa((static_cast<double>(digit.right[m]) - static_cast<double>(digit.other[m])) / per_cell);
    judged.add_kappa_lower(right.lower - other.upper);
    judged.add_kappa_upper(right.upper - other.lower);
  }
  const LookBackGrade grade = GradeOf(judged);
  judged.set_k(grade.reads_to);
  judged.set_s(grade.sure_to);
  judged.set_exact(grade.exact);
  return judged;
}

api::CascadesResult FromEngine(const engine::CascadesResult& from, const engine::Encoding& encoding) {
  api::CascadesResult to;
  to.set_reads_above(kReadsAbove);
  to.set_sure_above(kSureAbove);
  for (const engine::LookBackDigit& digit : from.additions) *to.add_additions() = Judge(digit, from.per_cell);
  for (const engine::LookBackDigit& digit : from.subtractions_positive) {
    *to.add_subtractions_positive() = Judge(digit, from.per_cell);
  }
  for (const engine::LookBackDigit& digit : from.subtractions_negative) {
    *to.add_subtractions_negative() = Judge(digit, from.per_cell);
  }
  for (const engine::LookBackAgreement& agreement : from.agreements) Convert(agreement, to.add_agreements());
  for (const engine::ClassTally& tally : from.classes) {
    api::ClassResult* converted = to.add_classes();
    converted->set_question_class(engine::ClassName(tally.question_class));
    *converted->mutable_exact() = RateOf(tally.tally.correct, tally.tally.count);
    converted->set_share_expected(engine::ClassShare(tally.question_class, encoding.n_digits()));
  }
  if (!from.additions.empty()) *to.mutable_floor() = Floors(to, encoding, from.heldout_loss);
  return to;
}

AnalysisOutcome RunCascades(const AnalysisInput& input) {
  const api::CascadesRequest& request = input.request().cascades();
  engine::CascadesRequest own;
  own.operations = OperationsOf(input.spec());  // the verdict draws its own questions: all that the run knows
  own.per_cell = request.per_cell();
  own.seed = request.seed();
  const engine::CascadesResult result = engine::Cascades(input.model, *input.questions, own, input.progress);
  api::AnalysisResult outcome;
  *outcome.mutable_cascades() = FromEngine(result, {input.model.n_digits, input.model.format});
  return outcome;
}

}  // namespace sumscope::worker

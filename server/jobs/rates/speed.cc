#include "server/jobs/rates/speed.h"

#include <algorithm>

namespace sumscope::jobs {
namespace {

double SecondsPerFloat(const v1::TrainSpec& spec) { return spec.precision() == v1::FLOAT64 ? 2 : 1; }

}  // namespace

double Speed::TrainingSeconds(const v1::TrainSpec& spec, uint64_t steps) const {
  const Work step = WorkOfStep(spec);
  const double calls = (1.0 + spec.n_layers()) / 2;  // those of the calibration's single layer are 1
  const double seconds = step.flops / rates.training_flops_per_second() + step.values * rates.training_value_seconds();
  return static_cast<double>(steps) * (SecondsPerFloat(spec) * seconds + calls * rates.training_step_seconds());
}

double Speed::AnalysisSeconds(const v1::TrainSpec& spec, const AnalysisWork& work) const {
  return SecondsPerFloat(spec) * (work.answering.flops / rates.answering_flops_per_second() +
                                  work.answering.values * rates.answering_value_seconds() +
                                  work.intervening.flops / rates.intervening_flops_per_second() +
                                  work.intervening.values * rates.intervening_value_seconds());
}

double Speed::CheckpointSeconds(const v1::TrainSpec& spec) const {
  return AnalysisSeconds(spec, Answering(WorkOfAnswers(spec, {kHeldoutQuestions, kHeldoutQuestions, 0})));
}

Speed AssumedSpeed(uint32_t threads) {
  constexpr double kFlopsPerThread = 20e9, kValueSecondsOfThread = 5e-9;
  const double flops = kFlopsPerThread * std::max(1u, threads), value = kValueSecondsOfThread / std::max(1u, threads);
  Speed speed;
  speed.rates.set_training_flops_per_second(flops);
  speed.rates.set_answering_flops_per_second(flops);
  speed.rates.set_intervening_flops_per_second(flops);
  speed.rates.set_training_value_seconds(value);
  speed.rates.set_answering_value_seconds(value);
  speed.rates.set_intervening_value_seconds(value);
  return speed;
}

Speed SpeedOf(const std::vector<v1::Slot>& slots) {
  const google::protobuf::Descriptor* rates = v1::Rates::descriptor();
  const google::protobuf::Reflection* reflection = v1::Rates::GetReflection();
  Speed mean;
  double count = 0;
  for (const v1::Slot& slot : slots) {
    const v1::Rates& own = slot.rates();
    if (!(own.training_flops_per_second() > 0 && own.answering_flops_per_second() > 0 &&
          own.intervening_flops_per_second() > 0)) {
      continue;
    }
    ++count;
    for (int i = 0; i < rates->field_count(); ++i) {
      const google::protobuf::FieldDescriptor* rate = rates->field(i);
      if (rate->is_repeated()) continue;
      const double so_far = reflection->GetDouble(mean.rates, rate);
      reflection->SetDouble(&mean.rates, rate, so_far + (reflection->GetDouble(own, rate) - so_far) / count);
    }
  }
  if (count == 0) return AssumedSpeed(slots.empty() ? 1 : slots.front().threads());
  mean.measured = true;
  return mean;
}

Speed SpeedOf(const std::vector<v1::Slot>& slots, const std::string& device, uint32_t threads) {
  std::vector<v1::Slot> own;
  for (const v1::Slot& slot : slots) {
    if (slot.device() == device && slot.threads() == threads) own.push_back(slot);
  }
  const Speed speed = SpeedOf(own);
  if (speed.measured) return speed;
  const Speed others = SpeedOf(slots);
  return others.measured ? others : AssumedSpeed(threads);
}

}  // namespace sumscope::jobs

#ifndef SUMSCOPE_SERVER_JOBS_RATES_SHAPE_H_
#define SUMSCOPE_SERVER_JOBS_RATES_SHAPE_H_

#include <array>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::jobs {

// Whose time is asked: a training step depends on the batch and on what is done to gradients and weights, answers do
// not.
enum class ShapeOf { kTraining, kAnswers };

// What of a complete spec its work costs, as text: "operation=add n_digits=5 n_layers=1 ..". Specs that differ in seed,
// steps or rates alone have the same.
std::string ShapeKey(const v1::TrainSpec& spec, ShapeOf of);

// The complete spec of such a text, with the defaults of what it does not say; nullopt of what is none.
std::optional<v1::TrainSpec> ReadShapeKey(absl::string_view key);

// A shape as a point: logarithms of its sizes, and numbers that say what else it is.
using ShapePoint = std::array<double, 12>;
ShapePoint PointOf(const v1::TrainSpec& spec);

// How far two shapes are from each other: 0 of equal ones, about 0.7 where one size is twice the other.
double ShapeDistance(const ShapePoint& a, const ShapePoint& b, ShapeOf of);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_RATES_SHAPE_H_

#ifndef SUMSCOPE_SERVER_JOBS_RATES_RATE_BOOK_H_
#define SUMSCOPE_SERVER_JOBS_RATES_RATE_BOOK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "server/jobs/rates/shape.h"
#include "storage/catalog/rates.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::jobs {

// What a predicted time rests on, the best first.
enum class Basis { kThisShape, kNearShapes, kCalibration, kAssumed };

// Where work is done. No device: whichever slot it gets.
struct Place {
  std::string device;  // cpu, cuda:0
  uint32_t threads = 0;
};

// What finished work of each shape took, beside what a model (the worker's calibration) says of it.
//
// Goals: of a shape that was seen, its own time; of one near to those, the model's time corrected by how wrong the
// model was there; of others, the model's. Non-goals: what a machine does beside: samples that another program slowed
// down only count less.
//  - A rate is a geometric mean in which the latest quarter counts: of n samples the next has the weight
//    max(1/(n + 1), 1/4). From the fourth on a sample moves it as if it were at most twice or half of it.
//  - Of the nearest five shapes at distances d, with w = 1/(1/16 + d^2), and the model itself at distance 2, the
//    logarithms of measured/model are averaged. A model that nobody measured has no weight.
// Thread-compatible.
class RateBook {
 public:
  // Seconds of a unit of a shape's work by the calibration alone.
  using Model = std::function<double(const v1::TrainSpec& spec)>;
  // What the model's seconds have to be multiplied with.
  struct Correction {
    double factor = 1;
    Basis basis = Basis::kAssumed;
    uint32_t count = 0;  // samples of this shape, or near shapes
  };

  // Beyond `most` shapes those that were learnt last longest ago are forgotten.
  explicit RateBook(size_t most) : most_(most) {}

  // Rates that storage kept; what is none is left out.
  void Load(const std::vector<storage::Rate>& rates);
  // Takes in a sample (Rate::samples does not matter), and returns the rate as it is then. A sample whose seconds are
  // not above 0 and finite, or whose shape is none, changes nothing: samples of the answer are 0.
  storage::Rate Learn(const storage::Rate& sample);
  // `model`, if there is one, is asked about the shapes that were seen too; else what it said when they were.
  Correction Correct(const Place& place, const std::string& kind, const v1::TrainSpec& spec, ShapeOf of,
                     const Model& model, bool model_is_measured) const;
  std::vector<storage::Rate> List() const;

 private:
  struct Entry {
    storage::Rate rate;
    v1::TrainSpec spec;  // of its shape
    ShapePoint point;
  };
  using Shapes = std::map<std::string, Entry>;
  using Key = std::tuple<std::string, uint32_t, std::string>;  // device, threads, kind

  Entry* Insert(const storage::Rate& rate);
  void ForgetTheOldest();

  const size_t most_;
  size_t size_ = 0;
  std::map<Key, Shapes> shapes_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_RATES_RATE_BOOK_H_

#ifndef SUMSCOPE_CLIENT_ACROSS_RUNS_H_
#define SUMSCOPE_CLIENT_ACROSS_RUNS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace sumscope::client {

// One result as named values. A path is the fields' names and, for members of lists, what they are called: the digit,
// cell, class, node, component or task, else their place: digits.A5.accuracy.rate, nodes.P14L0H1.fail_percent.
// Lists "per answer token" are named by the tokens. Left out are numbers that are not finite, rates of no questions,
// and what is no answer: settings, bounds of intervals, the worst questions, and what the path says already.
struct FlatResult {
  std::map<std::string, double> numbers;
  std::map<std::string, std::string>
      values;                      // text, truth values, and numbers that are verdicts, like the k of a digit
  std::vector<std::string> facts;  // tags "P14L0H1 Algo:A2.SC", and words of lists "not_found A2.SS"; each once
};
FlatResult Flatten(const google::protobuf::Message& result);

// A number over the runs that have it.
struct NumberAcross {
  std::string path;
  uint64_t n = 0;  // runs
  double mean = 0;
  double deviation = 0;  // standard deviation of a sample, divisor n - 1; NaN for one run
  double min = 0, max = 0;
};
// A value or a fact, and how many of the runs have it.
struct ShareAcross {
  std::string path;
  std::string value;  // empty for a fact
  uint64_t k = 0;     // runs that say so
  uint64_t m = 0;     // runs that say anything: for facts all of them
};
struct AcrossRuns {
  uint64_t runs = 0;
  std::vector<NumberAcross> numbers;  // by path, numbers within names in their order: A2 before A10
  std::vector<ShareAcross> values;    // by path, then value
  std::vector<ShareAcross> facts;     // by fact
};
AcrossRuns Aggregate(const std::vector<FlatResult>& results);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_ACROSS_RUNS_H_

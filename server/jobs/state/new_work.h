#ifndef SUMSCOPE_SERVER_JOBS_STATE_NEW_WORK_H_
#define SUMSCOPE_SERVER_JOBS_STATE_NEW_WORK_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/spec.pb.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope::jobs {

// What a job is expected to take, as it is predicted from its shape. 0: unknown.
struct Needs {
  double seconds = 0;
  uint64_t memory_bytes = 0;
};

// A run to be trained. The spec is complete and valid.
struct NewRun {
  std::string id;  // "" = choose
  v1::TrainSpec spec;
  std::map<std::string, std::string> labels;
  v1::Visibility visibility = v1::LAB;
  v1::Priority priority = v1::NORMAL;
  std::vector<std::string> after;  // ids of runs that must have succeeded before
  Needs needs;
};

// An analysis to be made of a run, of a checkpoint that is there or, as an order, of the last one that is to come.
struct NewAnalysis {
  // With analysis, request, question_set and owner. Of a checkpoint that is there also checkpoint and key; of a capture
  // prediction.disk_bytes.
  v1::Analysis analysis;
  v1::Priority priority = v1::NORMAL;
  Needs needs;
};

// Runs that are made together, each with the same orders in its own terms.
struct NewSweep {
  struct Member {
    v1::TrainSpec spec;  // complete and valid
    Needs needs;
    size_t orders = 0;  // which of NewSweep::orders are its
  };
  v1::Sweep sweep;  // all that is asked: model_name, spec, fields, then, bounds, visibility, priority, labels
  std::vector<Member> members;
  std::vector<std::vector<NewAnalysis>> orders;  // by what the members' specs make of `then`: complete and valid
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_NEW_WORK_H_

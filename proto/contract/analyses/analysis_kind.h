#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_ANALYSIS_KIND_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_ANALYSIS_KIND_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/analyses/cost.h"
#include "proto/contract/questions/question_sets.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// One kind of analysis: all that server, storage and client know of `evaluate`, `ablate`, .., but how it is computed
// and shown. Stateless, thread-safe; kinds/ holds one file per kind and the list of them. Nobody else asks of what kind
// a request is: they ask its kind. A kind derives from TypedKind, which gives it its own messages.
class AnalysisKind {
 public:
  virtual ~AnalysisKind() = default;

  // The field of AnalysisRequest and AnalysisResult, "useful_nodes".
  virtual absl::string_view name() const = 0;
  // Counts the changes to what the analysis computes; part of its key and of its provenance.
  virtual uint32_t version() const { return 1; }

  // False: the server answers at once, by Answer. A worker is sent the weights, and the questions or pairs that Rules
  // take.
  virtual bool needs_worker() const { return true; }
  // Whether the worker is sent the metrics of the training up to the checkpoint.
  virtual bool needs_metrics() const { return false; }
  // Whether the worker sends tensors before its result, which a file of their own keeps.
  virtual bool writes_capture() const { return false; }
  // Whether the worker sends what it has counted so far, from which a later attempt goes on.
  virtual bool keeps_state() const { return false; }

  // Fills the defaults of its request, checks it and writes nodes, positions and tasks in their one spelling; done
  // twice, it changes nothing. `questions` are as the caller gave them. INVALID_ARGUMENT naming the field.
  virtual absl::Status Complete(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                v1::AnalysisRequest* request) const = 0;
  // What a complete request wants of its questions.
  virtual QuestionRules Rules(const v1::TrainSpec& spec, const v1::AnalysisRequest& request) const;
  // The part of Complete that needs complete questions beside it: TASK_NOT_APPLICABLE, RESULT_TOO_LARGE.
  virtual absl::Status CompleteWithQuestions(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                             v1::AnalysisRequest* request) const;

  // Whether a worker takes a complete request about these questions. `uploaded` is the set that they name, if any.
  // INVALID_ARGUMENT TASK_NOT_APPLICABLE, MIX_NOT_APPLICABLE and QUESTIONS_OUT_OF_RANGE of uploaded questions, as of
  // listed ones; TOO_MANY_QUESTIONS, TOO_FEW_QUESTIONS and RESULT_TOO_LARGE of what holds all of them.
  absl::Status Check(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                     const v1::UploadedQuestionSet& uploaded, const v1::AnalysisRequest& request) const;

  // Whether the metrics of so many steps of the run called so are enough for a complete request of a kind that needs
  // metrics. FAILED_PRECONDITION PHASES_TOO_LONG, WINDOW_TOO_NARROW, WINDOW_TOO_WIDE.
  virtual absl::Status CheckMetrics(absl::string_view run, uint64_t steps, const v1::AnalysisRequest& request) const;

  // What a complete request takes; `count`: how many questions or pairs these are.
  virtual AnalysisCost Cost(const v1::TrainSpec& spec, const v1::QuestionSet& questions, double count,
                            const v1::AnalysisRequest& request) const = 0;
  // Bytes that the result takes at the least, as far as the request and what was predicted of it tell; mostly 0.
  virtual uint64_t LeastResultBytes(const v1::TrainSpec& spec, const v1::AnalysisPrediction& prediction,
                                    const v1::AnalysisRequest& request) const;
  // The answer to a complete request that needs no worker.
  virtual v1::AnalysisResult Answer(const v1::TrainSpec& spec, const v1::AnalysisRequest& request) const;

  // What a result of this kind says about nodes; kept as facts.
  virtual std::vector<v1::NodeTag> Tags(const v1::AnalysisResult& result) const;
  // The nodes that a result shows to be useful; nullopt where the kind does not look for them.
  virtual std::optional<std::vector<std::string>> UsefulNodes(const v1::AnalysisResult& result) const;
  // What a result says of its run as a whole: an evaluation, or the look-back verdict. Null where the kind has none.
  virtual const v1::EvaluateResult* Evaluation(const v1::AnalysisResult& result) const;
  virtual const v1::CascadesResult* Verdict(const v1::AnalysisResult& result) const;

 protected:
  // The part of Check that needs the number of questions alone: a kind that holds something of all of them has a most.
  virtual absl::Status CheckCount(const v1::TrainSpec& spec, uint64_t count, const v1::AnalysisRequest& request) const;
};

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_ANALYSIS_KIND_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_TABLE_COST_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_TABLE_COST_H_

#include "proto/contract/models/model_cost.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Whether a complete spec's model answers by tables on a CPU (server/engine/model/answer_tables.h; a test holds the two
// equal): one layer in float32, whose tables take at most 1 GB.
bool AnswersByTables(const v1::TrainSpec& spec);

// Bytes of the tables, and what is held beside while they are made.
double TableBytes(const v1::TrainSpec& spec);

// Of a model that answers by tables: making them, once; one answer; the loss of an answer, beside it.
Work WorkOfTables(const v1::TrainSpec& spec);
Work WorkOfTableAnswer(const v1::TrainSpec& spec);
Work WorkOfTableLoss(const v1::TrainSpec& spec);

// Whether so many questions are worth tables whose rows are changed (server/engine/probing/interventions/intervener/),
// with `sets` node sets each; and one row of a question, unchanged or changed.
bool ChangesByTables(const v1::TrainSpec& spec, double questions, double sets);
Work WorkOfTableRow(const v1::TrainSpec& spec);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_TABLE_COST_H_

#ifndef SUMSCOPE_SERVER_ENGINE_DATA_GENERATOR_H_
#define SUMSCOPE_SERVER_ENGINE_DATA_GENERATOR_H_

// All drawn questions: the batches of training and the sets of analyses.
#include "server/engine/data/sources.h"
#include "server/engine/data/training_batch.h"

#endif  // SUMSCOPE_SERVER_ENGINE_DATA_GENERATOR_H_

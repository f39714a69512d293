#ifndef SUMSCOPE_SERVER_JOBS_STATE_JOB_STATES_H_
#define SUMSCOPE_SERVER_JOBS_STATE_JOB_STATES_H_

#include "sumscope/v1/runs.pb.h"

namespace sumscope::jobs {

// The one table of legal job transitions; storage enforces it. Staying in a state is legal (reason or attempt change).
bool IsLegalTransition(v1::State from, v1::State to);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_JOB_STATES_H_

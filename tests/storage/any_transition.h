#ifndef SUMSCOPE_TESTS_STORAGE_ANY_TRANSITION_H_
#define SUMSCOPE_TESTS_STORAGE_ANY_TRANSITION_H_

#include "sumscope/v1/runs.pb.h"

namespace sumscope::storage {

// A Catalog::LegalTransition for tests that are not about states: each is legal.
inline bool AnyTransition(v1::State /*from*/, v1::State /*to*/) { return true; }

}  // namespace sumscope::storage

#endif  // SUMSCOPE_TESTS_STORAGE_ANY_TRANSITION_H_

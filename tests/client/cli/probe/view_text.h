#ifndef SUMSCOPE_TESTS_CLIENT_CLI_PROBE_VIEW_TEXT_H_
#define SUMSCOPE_TESTS_CLIENT_CLI_PROBE_VIEW_TEXT_H_

#include <string>

#include "client/cli/probe/probes.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_names.h"

namespace sumscope::client {

// Small results as a person sees them.
template <typename Result>
v1::AnalysisResult Whole(const Result& result) {
  v1::AnalysisResult whole;
  *OneofMember<v1::AnalysisResult, Result>().Mutable(&whole) = result;
  return whole;
}
template <typename Result>
std::string ProbeText(const Result& result, const View& view) {
  const v1::AnalysisResult whole = Whole(result);
  return ProbeOf(whole)->Text(whole, view);
}
template <typename Result>
Table ProbeRows(const Result& result) {
  const v1::AnalysisResult whole = Whole(result);
  return ProbeOf(whole)->Rows(whole);
}

inline View ViewOf(const std::string& model) {
  View view;
  view.spec = CompleteSpec(*ParseModelName(model));
  return view;
}

}  // namespace sumscope::client

#endif  // SUMSCOPE_TESTS_CLIENT_CLI_PROBE_VIEW_TEXT_H_

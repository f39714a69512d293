#include "storage/sqlite/base/analysis_row.h"

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
absl::StatusOr<AnalysisRow> ToAnalysisRow(const v1::Analysis& analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef name, ParseAnalysisName(analysis.name()));
  AnalysisRow row;
  row.id = name.analysis;
  row.analysis = analysis.analysis();
  row.checkpoint = analysis.checkpoint();
  row.state = v1::State_Name(analysis.state());
  row.state_reason = analysis.state_reason();
  row.state_detail = analysis.state_detail();
  row.progress = analysis.progress();
  row.create_time = ToNanos(analysis.create_time());
  if (analysis.has_end_time()) row.end_time = ToNanos(analysis.end_time());
  row.owner = analysis.owner();
  row.key = analysis.key();
  row.job = analysis.job();
  if (analysis.has_question_set()) {
    SUMSCOPE_ASSIGN_OR_RETURN(row.question_set, ToJson(analysis.question_set()));
  }
  if (analysis.has_provenance()) {
    SUMSCOPE_ASSIGN_OR_RETURN(row.provenance, ToJson(analysis.provenance()));
  }
  if (analysis.has_request()) {
    SUMSCOPE_ASSIGN_OR_RETURN(row.request, ToJson(analysis.request()));
  }
  if (analysis.has_result()) {
    SUMSCOPE_ASSIGN_OR_RETURN(row.result, ToJson(analysis.result()));
  }
  return row;
}

absl::StatusOr<v1::Analysis> FromAnalysisRow(const std::string& run, const AnalysisRow& row) {
  v1::Analysis analysis;
  analysis.set_name(AnalysisName(run, row.id));
  analysis.set_analysis(row.analysis);
  analysis.set_checkpoint(row.checkpoint);
  analysis.set_state(StateFromName(row.state));
  analysis.set_state_reason(row.state_reason);
  analysis.set_state_detail(row.state_detail);
  analysis.set_progress(row.progress);
  *analysis.mutable_create_time() = TimestampFromNanos(row.create_time);
  if (row.end_time.has_value()) *analysis.mutable_end_time() = TimestampFromNanos(*row.end_time);
  analysis.set_owner(row.owner);
  analysis.set_key(row.key);
  analysis.set_job(row.job);
  if (row.question_set.has_value()) {
    SUMSCOPE_RETURN_IF_ERROR(FromJson(*row.question_set, analysis.mutable_question_set()));
  }
  if (row.provenance.has_value()) {
    SUMSCOPE_RETURN_IF_ERROR(FromJson(*row.provenance, analysis.mutable_provenance()));
  }
  if (row.request.has_value()) {
    SUMSCOPE_RETURN_IF_ERROR(FromJson(*row.request, analysis.mutable_request()));
  }
  if (row.result.has_value()) {
    SUMSCOPE_RETURN_IF_ERROR(FromJson(*row.result, analysis.mutable_result()));
  }
  return analysis;
}

void BindAnalysis(Query& query, const AnalysisRow& row) {
  query.Bind(row.id, row.analysis, row.checkpoint, row.state, row.state_reason, row.state_detail, row.progress,
             row.create_time, row.end_time, row.owner, row.key, row.job, row.question_set, row.provenance);
}

AnalysisRow ReadAnalysis(Query& query, int first_column) {
  int column = first_column;
  AnalysisRow row;
  row.id = query.Text(column++);
  row.analysis = query.Text(column++);
  row.checkpoint = query.Text(column++);
  row.state = query.Text(column++);
  row.state_reason = query.Text(column++);
  row.state_detail = query.Text(column++);
  row.progress = query.Real(column++);
  row.create_time = query.Int(column++);
  row.end_time = query.OptionalInt(column++);
  row.owner = query.Text(column++);
  row.key = query.Text(column++);
  row.job = query.Text(column++);
  row.question_set = query.OptionalText(column++);
  row.provenance = query.OptionalText(column++);
  return row;
}

std::string AnalysisChecksum(const AnalysisRow& row) {
  return RowChecksum()
      .Text(row.id)
      .Text(row.analysis)
      .Text(row.checkpoint)
      .Text(row.state)
      .Text(row.state_reason)
      .Text(row.state_detail)
      .Real(row.progress)
      .Int(row.create_time)
      .OptionalInt(row.end_time)
      .Text(row.owner)
      .Text(row.key)
      .Text(row.job)
      .OptionalText(row.question_set)
      .OptionalText(row.provenance)
      .OptionalText(row.request)
      .OptionalText(row.result)
      .Digest();
}

}  // namespace sumscope::storage

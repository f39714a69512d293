#include "server/jobs/questions/question_sets.h"

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::jobs {

absl::StatusOr<v1::UploadedQuestionSet> QuestionSets::Add(const storage::Actor& actor,
                                                          v1::UploadedQuestionSet question_set,
                                                          const std::string& text) {
  question_set.set_name(QuestionSetName(question_set.sha256()));
  *question_set.mutable_create_time() = ToTimestamp(context_->clock->Now());
  MutexLock lock(&context_->uploads);
  // A crash before the row is there leaves a text that the next start removes.
  SUMSCOPE_RETURN_IF_ERROR(context_->catalog->Write([&](storage::CatalogTransaction& transaction) {
    return transaction.removals().Put({"", "", question_set.sha256()});
  }));
  SUMSCOPE_RETURN_IF_ERROR(context_->question_sets->Put(question_set.sha256(), text));
  return WriteCatalog<v1::UploadedQuestionSet>(
      context_->catalog, actor,
      [&](storage::CatalogTransaction& transaction) -> absl::StatusOr<v1::UploadedQuestionSet> {
        actor.Names(question_set.name());
        SUMSCOPE_RETURN_IF_ERROR(transaction.question_sets().Insert(question_set));
        return transaction.question_sets().Get(actor.viewer(), question_set.sha256());
      });
}

}  // namespace sumscope::jobs

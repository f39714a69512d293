#include "server/rpc/serve/transfer/upload_desk.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {

UploadDesk::~UploadDesk() {
  std::list<Desk> desks;
  {
    MutexLock lock(&mutex_);
    desks.swap(desks_);  // each still finds its own: a list's elements stay where they are
  }
  for (Desk& desk : desks) desk.thread.join();
}

absl::Status UploadDesk::Start(std::function<void()> work) {
  MutexLock lock(&mutex_);
  for (auto desk = desks_.begin(); desk != desks_.end();) {
    if (desk->done) desk->thread.join();
    desk = desk->done ? desks_.erase(desk) : std::next(desk);
  }
  if (desks_.size() >= maximum_) {
    return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_UPLOADS",
                                    absl::StrCat("at most ", maximum_, " uploads are taken in at once")),
                          absl::Seconds(5));
  }
  std::list<Desk> added;
  try {
    Desk* const desk = &added.emplace_back();
    desk->thread = std::thread([this, desk, work = std::move(work)] {
      work();
      MutexLock done(&mutex_);
      desk->done = true;
    });
  } catch (const std::exception& error) {  // no thread, no memory
    return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, "THREADS_EXHAUSTED",
                                    absl::StrCat("no thread for the upload: ", error.what())),
                          absl::Seconds(5));
  }
  desks_.splice(desks_.end(), added);
  return absl::OkStatus();
}

}  // namespace sumscope::rpc

#include "server/auth/token_uses.h"

#include <utility>

#include "proto/contract/limits.h"

namespace sumscope::auth {
namespace {

constexpr size_t kMaxTold = 10'000;  // tokens in use within a minute; of more, some are written more often

}  // namespace

TokenUses::TokenUses(storage::Catalog* catalog, Clock* clock)
    : catalog_(catalog), clock_(clock), thread_([this] { Run(); }) {}

TokenUses::~TokenUses() {
  {
    MutexLock lock(&mutex_);
    ended_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void TokenUses::Note(const storage::StoredToken& token) {
  const absl::Time now = clock_->Now();
  if (token.last_use_time.has_value() && absl::AbsDuration(now - *token.last_use_time) < limits::kTokenUseInterval) {
    return;
  }
  const absl::Duration monotonic = clock_->Monotonic();
  MutexLock lock(&mutex_);
  const auto told = told_.find(token.id);
  if (told != told_.end() && monotonic - told->second < limits::kTokenUseInterval) return;
  if (told_.size() >= kMaxTold) told_.clear();
  told_[token.id] = monotonic;
  waiting_[token.id] = now;
  changed_.NotifyAll();
}

void TokenUses::Flush() {
  MutexLock lock(&mutex_);
  while (writing_ || !waiting_.empty()) changed_.Wait(&mutex_);
}

void TokenUses::Run() {
  for (;;) {
    Uses uses;
    {
      MutexLock lock(&mutex_);
      while (waiting_.empty() && !ended_) changed_.Wait(&mutex_);
      if (waiting_.empty()) return;
      uses = std::exchange(waiting_, {});
      writing_ = true;
    }
    Write(uses);
    MutexLock lock(&mutex_);
    writing_ = false;
    changed_.NotifyAll();
  }
}

void TokenUses::Write(const Uses& uses) {
  // A use that is not noted harms nobody; the next is told a minute later.
  catalog_
      ->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
        for (const auto& [id, time] : uses) transaction.tokens().NoteUse(id, time).IgnoreError();
        return absl::OkStatus();
      })
      .IgnoreError();
}

}  // namespace sumscope::auth

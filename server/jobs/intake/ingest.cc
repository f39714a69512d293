#include "server/jobs/intake/ingest.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/first_few.h"

namespace sumscope::jobs {

Ingest::Slot::Slot(std::string slot_name, Context* context)
    : name(std::move(slot_name)),
      inbox(context->clock, limits::kMaxIngestQueueBytes, context->options.group_commit_delay,
            limits::kGroupCommitBytes) {}

Ingest::Slot* Ingest::GetSlot(const std::string& name) {
  MutexLock lock(&mutex_);
  if (closed_) return nullptr;
  std::unique_ptr<Slot>& slot = slots_[name];
  if (slot == nullptr) {
    slot = std::make_unique<Slot>(name, context_);
    slot->thread = std::thread([this, raw = slot.get()] { Run(raw); });
  }
  return slot.get();
}

void Ingest::Push(const std::string& slot, InboxItem item) {
  if (Slot* const found = GetSlot(slot)) found->inbox.Push(std::move(item));
}

void Ingest::OnIdle(const std::string& slot) {
  InboxItem item;
  item.kind = InboxItem::Kind::kIdle;
  Push(slot, std::move(item));
}

void Ingest::OnMessage(const std::string& slot, worker::v1::WorkerMessage message) {
  if (message.task_id().empty()) return;  // hello: of the worker, not of a task
  InboxItem item;
  item.message = std::move(message);
  Push(slot, std::move(item));
}

void Ingest::OnNote(const std::string& slot, const std::string& task_id, const std::string& severity,
                    const std::string& text) {
  InboxItem item;
  item.kind = InboxItem::Kind::kNote;
  item.task_id = task_id;
  item.reason = severity;
  item.detail = text;
  Push(slot, std::move(item));
}

void Ingest::OnLost(const std::string& slot, const std::string& task_id, const std::string& reason,
                    const std::string& detail) {
  InboxItem item;
  item.kind = InboxItem::Kind::kLost;
  item.task_id = task_id;
  item.reason = reason;
  item.detail = detail;
  Push(slot, std::move(item));
}

void Ingest::Expect(const std::string& slot, Assignment assignment) {
  Slot* const found = GetSlot(slot);
  if (found == nullptr) return;
  const auto task = std::make_shared<TaskIntake>(context_, slot, std::move(assignment));
  MutexLock lock(&found->mutex);
  found->tasks.insert_or_assign(task->task_id(), task);
}

void Ingest::Forget(const std::string& slot, const std::string& task_id) {
  Slot* const found = GetSlot(slot);
  if (found == nullptr) return;
  MutexLock lock(&found->mutex);
  found->tasks.erase(task_id);
}

std::shared_ptr<TaskIntake> Ingest::FindTask(Slot* slot, const std::string& task_id) {
  MutexLock lock(&slot->mutex);
  const auto found = slot->tasks.find(task_id);
  return found == slot->tasks.end() ? nullptr : found->second;
}

void Ingest::Run(Slot* slot) {
  std::vector<InboxItem> group;
  while (slot->inbox.TakeGroup(&group)) Handle(slot, &group);
}

void Ingest::Handle(Slot* slot, std::vector<InboxItem>* group) {
  InboxItem& first = group->front();
  if (first.kind == InboxItem::Kind::kIdle) return observer_->SlotIdle(slot->name);
  const std::string& task_id = first.kind == InboxItem::Kind::kMessage ? first.message.task_id() : first.task_id;
  const std::shared_ptr<TaskIntake> task = FindTask(slot, task_id);
  if (task == nullptr) return;  // the task is over
  if (first.kind == InboxItem::Kind::kNote) return task->Note(first.reason, first.detail);
  if (first.kind == InboxItem::Kind::kLost) return End(slot, *task, task->Lose(first.reason, first.detail));
  if (first.message.has_started()) return task->Start(first.message);
  if (first.message.has_finished()) return End(slot, *task, task->Finish(first.message));
  std::vector<worker::v1::WorkerMessage> messages;
  messages.reserve(group->size());
  for (InboxItem& item : *group) messages.push_back(std::move(item.message));
  task->Take(messages);
}

void Ingest::End(Slot* slot, const TaskIntake& task, const absl::StatusOr<storage::Job>& recorded) {
  {
    MutexLock lock(&slot->mutex);
    slot->tasks.erase(task.task_id());
  }
  observer_->TaskOver(task.job(), recorded, task.refused());
}

void Ingest::Close() {
  std::map<std::string, std::unique_ptr<Slot>> slots;
  {
    MutexLock lock(&mutex_);
    if (closed_) return;
    closed_ = true;
    for (const auto& [name, slot] : slots_) slot->inbox.Close();
    slots.swap(slots_);
  }
  for (const auto& [name, slot] : slots) slot->thread.join();
}

std::string Ingest::DebugString() {
  std::vector<std::string> slots;
  MutexLock lock(&mutex_);
  for (const auto& [name, owned] : slots_) {
    Slot* const slot = owned.get();
    std::vector<std::string> tasks;
    {
      MutexLock slot_lock(&slot->mutex);
      for (const auto& [task_id, task] : slot->tasks) tasks.push_back(task_id);
    }
    slots.push_back(absl::StrCat(name, " with tasks ", FirstFew(tasks), " and ", slot->inbox.DebugString()));
  }
  return absl::StrCat("ingest of ", FirstFew(slots), closed_ ? ", closed" : "");
}

}  // namespace sumscope::jobs

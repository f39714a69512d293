#include "client/cli/glossary/words.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace sumscope::client {
namespace {

// '#' stands for one digit or more, '~' for the rest.
bool MatchesForm(absl::string_view form, absl::string_view word) {
  while (!form.empty()) {
    if (form[0] == '~') return !word.empty();
    if (form[0] == '#') {
      const size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
      if (digits == 0) return false;
      word.remove_prefix(digits);
    } else {
      if (word.empty() || word[0] != form[0]) return false;
      word.remove_prefix(1);
    }
    form.remove_prefix(1);
  }
  return word.empty();
}

const GlossaryEntry* EntryOf(absl::string_view word) {
  for (const GlossaryEntry& entry : GlossaryEntries()) {
    for (const absl::string_view form : absl::StrSplit(entry.forms, ' ')) {
      if (MatchesForm(form, word)) return &entry;
    }
  }
  return nullptr;
}

// Whether a shell takes it as it is: D'3 it does not.
bool IsPlain(absl::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("%.+-_", c);
  });
}

}  // namespace

const GlossaryEntry* FindWord(absl::string_view word) {
  if (const GlossaryEntry* const entry = EntryOf(word)) return entry;
  // A2.SC is of the task SC, Algo:A2.SC too.
  const size_t last = word.find_last_of(".:");
  if (last != absl::string_view::npos && last + 1 < word.size()) {
    if (const GlossaryEntry* const entry = EntryOf(word.substr(last + 1))) return entry;
    if (const GlossaryEntry* const entry = EntryOf(word.substr(0, word.find(':')))) return entry;
  }
  for (const std::string& other : {absl::AsciiStrToUpper(word), absl::AsciiStrToLower(word)}) {
    if (const GlossaryEntry* const entry = EntryOf(other)) return entry;
  }
  for (const GlossaryEntry& entry : GlossaryEntries()) {
    if (absl::EqualsIgnoreCase(entry.term, word)) return &entry;
  }
  return nullptr;
}

std::string GlossaryLine(absl::string_view text) {
  constexpr size_t kMost = 5;
  std::set<absl::string_view> groups;
  std::vector<std::string> words;
  for (absl::string_view word : absl::StrSplit(text, absl::ByAnyChar(" \n,;()=<>|\":/"), absl::SkipEmpty())) {
    if (words.size() == kMost) break;
    // At the end of a model's name; alone it marks other things.
    if (word == "*") continue;
    if (word.back() == '*') word = "*";
    const GlossaryEntry* entry = EntryOf(word);
    if (entry == nullptr && absl::StrContains(word, '.')) entry = EntryOf(word.substr(word.rfind('.') + 1));
    if (entry == nullptr || !groups.insert(entry->group).second) continue;
    words.push_back(entry->term == "*" ? "'*'" : std::string(IsPlain(word) ? word : entry->term));
  }
  return words.empty() ? "" : absl::StrCat("words: sumscope glossary ", absl::StrJoin(words, " "), "\n");
}

}  // namespace sumscope::client

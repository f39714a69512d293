#ifndef SUMSCOPE_CLIENT_CLI_GLOSSARY_ENTRIES_H_
#define SUMSCOPE_CLIENT_CLI_GLOSSARY_ENTRIES_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace sumscope::client {

// One word that tables use and a newcomer cannot guess.
struct GlossaryEntry {
  absl::string_view group;    // of what it is one: class, cell, task, ..
  absl::string_view term;     // as it is listed
  absl::string_view forms;    // as it is met in tables, separated by blanks; '#' stands for digits, '~' for any letters
  absl::string_view meaning;  // a sentence or a few
};

// In the order of reading: the question, its classes and cells, tasks, nodes, then what is said of them.
const std::vector<GlossaryEntry>& GlossaryEntries();

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_GLOSSARY_ENTRIES_H_

// sumscope glossary: what the words in tables mean.
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/command.h"
#include "client/cli/arguments/near.h"
#include "client/cli/glossary/words.h"
#include "proto/contract/base/quote.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"

namespace sumscope::client {
namespace {

absl::Status UnknownWord(const std::string& word) {
  std::vector<std::string> terms;
  for (const GlossaryEntry& entry : GlossaryEntries()) terms.emplace_back(entry.term);
  const std::string near = NearOf(word, terms);
  return MakeError(
      absl::StatusCode::kNotFound, "WORD_UNKNOWN",
      absl::StrCat("the glossary has no ", Quote(word), "; ",
                   near.empty() ? "`sumscope glossary` lists its words" : absl::StrCat("nearest is ", Quote(near))));
}

absl::StatusOr<ExitCode> Glossary(const std::vector<std::string>& words, Session& session) {
  std::vector<const GlossaryEntry*> shown;
  for (const std::string& word : words) {
    shown.push_back(FindWord(word));
    if (shown.back() == nullptr) return UnknownWord(word);
  }
  for (const GlossaryEntry& entry : GlossaryEntries()) {
    if (words.empty()) shown.push_back(&entry);
  }
  Table table({{"TERM"}, {"KIND"}, {"MEANING", kEverywhere, false, /*wrap=*/30}});
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const GlossaryEntry* const entry : shown) {
    const std::string term(entry->term), group(entry->group), meaning(entry->meaning);
    table.AddRow({term, group, meaning});
    all.push_back({{"term", term}, {"kind", group}, {"meaning", meaning}});
  }
  Document document = session.FromTable(table);
  document.items = {all.begin(), all.end()};
  document.json = {{"words", std::move(all)}};
  for (const GlossaryEntry* const entry : shown) document.ids.emplace_back(entry->term);
  document.explains_itself = true;
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return ExitCode::kDone;
}

}  // namespace

void AddGlossary(Registry* registry, Command root) {
  const auto words = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(root, "glossary", "What the words in tables mean: S3, US9, A2.SC, kappa, ..");
  command.AddList("TERM", words.get(), "words as tables write them; default: all");
  registry->Run(command, [words](Session& session) { return Glossary(*words, session); });
}

}  // namespace sumscope::client

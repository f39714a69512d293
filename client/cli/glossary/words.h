#ifndef SUMSCOPE_CLIENT_CLI_GLOSSARY_WORDS_H_
#define SUMSCOPE_CLIENT_CLI_GLOSSARY_WORDS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/glossary/entries.h"

namespace sumscope::client {

// The entry for a word as tables write it: "S3", "A2.SC", "Algo:A2.SC", "K4"; in any case where that is clear. Null for
// none.
const GlossaryEntry* FindWord(absl::string_view word);

// "words: sumscope glossary S0 BA nines\n", naming words of `text`, of each kind the first one; "" where it has none.
std::string GlossaryLine(absl::string_view text);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_GLOSSARY_WORDS_H_

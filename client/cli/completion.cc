// sumscope completion: scripts for shells. Each hands over what is typed to `sumscope complete`, which knows the
// commands and asks the server for ids.
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/command.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

// Bash parts words at ':', '=' and '@' as well: what stands before the last one must not be proposed again.
constexpr char kBash[] = R"sh(# bash completion of sumscope; use: source <(sumscope completion bash)
_sumscope() {
  local line=${COMP_LINE:0:COMP_POINT} current before word description file
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=${words[${#words[@]} - 1]}
  before=${current%"${current##*[:=@]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r word description; do
    if [[ $word == :files ]]; then
      compopt -o filenames 2> /dev/null
      while IFS= read -r file; do
        file=$description$file
        COMPREPLY+=("${file#"$before"}")
      done < <(compgen -f -- "${current#"$description"}")
    else
      COMPREPLY+=("${word#"$before"}")
      [[ $word == *[:=,@/] ]] && compopt -o nospace 2> /dev/null
    fi
  done < <(sumscope complete -- "${words[@]:1}" 2> /dev/null)
}
complete -F _sumscope sumscope
)sh";

constexpr char kZsh[] = R"sh(#compdef sumscope
# zsh completion of sumscope; use: source <(sumscope completion zsh)
_sumscope() {
  local line value description
  local -a values shown open opened
  for line in "${(@f)$(sumscope complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)}"; do
    value=${line%%$'\t'*}
    description=${line#*$'\t'}
    if [[ $value == :files ]]; then
      [[ -n $description ]] && compset -P "${(b)description}"
      _files
      return
    elif [[ $value == *[:=,@/] ]]; then
      open+=("$value")
      opened+=("$value${description:+  -- $description}")
    elif [[ -n $value ]]; then
      values+=("$value")
      shown+=("$value${description:+  -- $description}")
    fi
  done
  (( $#values )) && compadd -l -d shown -a values
  (( $#open )) && compadd -l -S '' -d opened -a open
}
compdef _sumscope sumscope
)sh";

constexpr char kFish[] = R"sh(# fish completion of sumscope; use: sumscope completion fish | source
function __sumscope_complete
  set -l typed (commandline -opc)
  set -l current (commandline -ct)
  for line in (sumscope complete -- $typed[2..] "$current" 2> /dev/null)
    set -l parts (string split -m 1 \t -- $line)
    if test "$parts[1]" = :files
      set -l path (string sub -s (math 1 + (string length -- "$parts[2]")) -- "$current")
      for file in $path*
        test -d "$file"; and set file "$file/"
        echo "$parts[2]$file"
      end
    else
      echo $line
    end
  end
end
complete -c sumscope -f -a '(__sumscope_complete)'
)sh";

absl::StatusOr<ExitCode> PrintScript(const std::string& shell, Session& session) {
  const std::map<absl::string_view, const char*> scripts = {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};
  const auto script = scripts.find(shell);
  if (script == scripts.end()) {
    return InvalidField("USAGE", "shell", absl::StrCat(Quote(shell), " is no shell here; expected bash, zsh or fish"));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSink());
  SUMSCOPE_RETURN_IF_ERROR(sink->Write(script->second));
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  return ExitCode::kDone;
}

}  // namespace

void AddCompletion(Registry* registry, Command root) {
  const auto shell = std::make_shared<std::string>();
  const Command command =
      registry->Add(root, "completion", "Print a completion script for bash, zsh or fish", Registry::Output::kNone);
  command.Add("SHELL", shell.get(), "bash, zsh or fish").required();
  registry->Run(command, [shell](Session& session) { return PrintScript(*shell, session); });
}

}  // namespace sumscope::client

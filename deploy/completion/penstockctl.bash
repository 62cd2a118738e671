# deploy/completion/penstockctl.bash - completion of penstockctl for bash; `_penstockctl_help` is zsh's as well (deploy/completion/_penstockctl).
#
# Subcommands, options and arguments are those that `penstockctl [SUBCOMMAND...] --help` lists when a word is completed: nothing to add here
# for a new one. A value whose help speaks of a file, or a socket, is completed as a file; ADDRESS as an endpoint of the running control.
# shellcheck shell=bash

# _penstockctl_help PROGRAM SUBCOMMAND...: a line for each word, "kind<TAB>word<TAB>value<TAB>help"; kind is subcommand, option or positional,
# value is text, file, address or nothing.
_penstockctl_help() {
  "$@" --help 2>/dev/null | awk '
    function tell() {
      if (word == "") return
      value = has_value ? "text" : ""
      if (has_value && (word == "FILE" || help ~ /(^| )(file|socket)([ ,.;]|$)/)) value = "file"
      if (word == "ADDRESS") value = "address"
      count = split(word, names, ",")
      for (i = 1; i <= count; ++i) printf "%s\t%s\t%s\t%s\n", kind, names[i], value, help
      word = ""
    }
    /^[A-Z][a-z]*:$/ { tell(); kind = $1 == "Subcommands:" ? "subcommand" : $1 == "Options:" ? "option" : $1 == "Positionals:" ? "positional" : ""; next }
    /^[^ ]/ || /^$/ { tell(); kind = ""; next }
    kind == "" { next }
    /^  [^ ]/ {
      tell()
      word = $1
      has_value = kind == "positional" || $2 ~ /^[A-Z]+([=:].*)?$/
      help = ""
      if (match(substr($0, 3), /   */)) help = substr($0, 2 + RSTART + RLENGTH)
      next
    }
    { sub(/^ +/, ""); help = help == "" ? $0 : help " " $0 }
    END { tell() }'
}

# _penstockctl_addresses PROGRAM [--socket PATH]: the endpoints of the running control; nothing if it does not answer at once.
_penstockctl_addresses() {
  timeout 1 "$@" --json endpoints 2>/dev/null | sed -n 's/^ *"address": "\(.*\)",\{0,1\}$/\1/p' | sort -u
}

# The kind, or the value, of a word in lines of help.
_penstockctl_kind() { awk -F '\t' -v word="$2" '$2 == word { print $1; exit }' <<<"$1"; }
_penstockctl_value() { awk -F '\t' -v word="$2" '$2 == word { print $3; exit }' <<<"$1"; }

_penstockctl_bash() {
  local program=${1/#\~/$HOME} current=$2 words=("${COMP_WORDS[@]}") at=$COMP_CWORD
  # An IPv6 address is one word.
  if declare -F _get_comp_words_by_ref >/dev/null; then _get_comp_words_by_ref -n : -c current -w words -i at; fi
  local top help word path=("$program") ask=("$program") given=0 i
  top=$(_penstockctl_help "$program")
  help=$top
  for ((i = 1; i < at; ++i)); do
    word=${words[i]}
    if [[ $word == -* ]]; then
      [ -n "$(_penstockctl_value "$help"$'\n'"$top" "$word")" ] || continue
      [ "$word" != --socket ] || ask=("$program" --socket "${words[i + 1]:-}")
      i=$((i + 1))
    elif [ "$(_penstockctl_kind "$help" "$word")" = subcommand ]; then
      path+=("$word")
      help=$(_penstockctl_help "${path[@]}")
    else
      given=$((given + 1))
    fi
  done

  local value='' candidates=''
  if ((i > at)); then
    value=$(_penstockctl_value "$help"$'\n'"$top" "${words[at - 1]}")
  elif [[ $current == -* ]]; then
    candidates=$(awk -F '\t' '$1 == "option" && !seen[$2]++ { print $2 }' <<<"$help"$'\n'"$top")
  else
    candidates=$(awk -F '\t' '$1 == "subcommand" { print $2 }' <<<"$help")
    value=$(awk -F '\t' -v at="$((given + 1))" '$1 == "positional" && ++n == at { print $3 }' <<<"$help")
  fi
  [ "$value" != address ] || candidates+=$'\n'$(_penstockctl_addresses "${ask[@]}")
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
  if [ "$value" = file ]; then
    compopt -o filenames 2>/dev/null
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
  fi
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$current"; fi
}

if [ -n "${BASH_VERSION:-}" ]; then complete -F _penstockctl_bash penstockctl; fi

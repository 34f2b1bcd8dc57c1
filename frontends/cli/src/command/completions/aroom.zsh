#compdef aroom
# Completes `aroom` in zsh. Load it with:  source <(aroom completions zsh)
_aroom() {
    local -a lines names shown
    local line
    lines=("${(@f)$(command aroom completions zsh -- "${(@)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    case "${lines[1]}" in
        :files) _files; return ;;
        :folders) _files -/; return ;;
    esac
    for line in "${lines[@]}"; do
        [[ -n "$line" ]] || continue
        names+=("${line%%$'\t'*}")
        shown+=("${line//$'\t'/  -- }")
    done
    compadd -l -d shown -a names
}
if [[ "${funcstack[1]}" == _aroom ]]; then
    _aroom "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
    compdef _aroom aroom
fi

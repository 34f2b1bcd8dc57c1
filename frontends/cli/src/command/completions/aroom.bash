# Completes `aroom` in bash. Load it with:  source <(aroom completions bash)
_aroom() {
    local IFS=$'\n' lines line
    lines=($(command aroom completions bash -- "$2" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
    COMPREPLY=()
    case "${lines[0]-}" in
        :files) compopt -o default 2>/dev/null; COMPREPLY=($(compgen -f -- "$2")); return ;;
        :folders) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$2")); return ;;
    esac
    for line in "${lines[@]}"; do
        COMPREPLY+=("${line%%$'\t'*}")
    done
}
complete -F _aroom aroom

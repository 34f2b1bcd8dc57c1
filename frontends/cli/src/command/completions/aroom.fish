# Completes `aroom` in fish. Load it with:  aroom completions fish | source
function __aroom_complete
    set -l typed (commandline -ct)
    test (count $typed) -gt 0; or set typed ''
    set -l lines (command aroom completions fish -- (commandline -opc) $typed 2>/dev/null)
    switch "$lines[1]"
        case ':files'
            __fish_complete_path $typed
        case ':folders'
            __fish_complete_directories $typed
        case '*'
            for line in $lines
                printf '%s\n' $line
            end
    end
end
complete -c aroom -f -a '(__aroom_complete)'

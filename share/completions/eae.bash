# Completion of the eAE programs for bash (and for zsh, by its bashcompinit).
#
#     bash   . PREFIX/share/bash-completion/completions/eae-view      (bash-completion finds it by itself)
#     zsh    autoload -Uz bashcompinit && bashcompinit && . PREFIX/share/eae/completions/eae.bash
#
# Options, their values and commands are asked of the program itself (--dump-options), once per shell,
# so that they are always those of the version that runs. Only the words below are written down here.
# shellcheck shell=bash disable=SC2207

declare -gA _eae_table

_eae_models='svm logistic linear ridge lasso enet cox als test exec:'
_eae_metrics='auc auprc accuracy balanced tpr tnr ppv npv f1 mcc kappa macro-f1 brier logloss mse mae r2
    spearman cindex hr hr-sd hr-p'
_eae_figures='roc pr size box enrich volcano pca km stability heatmap scaling report'

# _eae_ask PROGRAM: its options as lines "command name short type arg range marks"; kept.
_eae_ask() {
    if [[ -z ${_eae_table[$1]-} ]]; then
        # programs without commands may leave the columns of marks and commands out
        _eae_table[$1]=$("$1" --dump-options 2>/dev/null | awk -F '\t' -v OFS='|' '
            $3 == "command" { next }
            { gsub(/\|/, " ", $6); gsub(/\|/, " ", $4)
              print (NF >= 9 ? $8 : ""), $1, $2, $3, $4, $6, (NF >= 9 ? $7 : "") }')
    fi
    printf '%s\n' "${_eae_table[$1]}"
}

# _eae_commands PROGRAM
_eae_commands() {
    _eae_ask "$1" | awk -F '|' '$1 != "" && !seen[$1]++ { print $1 }'
}

# _eae_options PROGRAM COMMAND: "spelling|type|arg|values|marks" of each of its options
_eae_options() {
    _eae_ask "$1" | awk -F '|' -v OFS='|' -v command="$2" '$1 == command {
        print "--" $2, $4, $5, $6, $7
        if ($3 != "") print "-" $3, $4, $5, $6, $7 }'
}

# _eae_words WORD...: those that begin with what stands at the cursor
_eae_words() {
    COMPREPLY=($(compgen -W "$*" -- "$_eae_now"))
    # "exec:", "ttest:" go on without a blank
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *: ]] || compopt -o nospace 2>/dev/null
}

# Words of a list with commas: the last one is completed.
_eae_list() {
    local before=
    [[ $_eae_now != *,* ]] || before=${_eae_now%,*},
    COMPREPLY=($(compgen -P "$before" -W "$*" -- "${_eae_now##*,}"))
}

_eae_files() {
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(IFS=$'\n' && compgen "$1" -- "$_eae_now"))
}

# _eae_value NAME TYPE ARG VALUES: the value of an option
_eae_value() {
    case $2:$3 in
    choice:*) _eae_words "$4" ;;
    file:DIR*) _eae_files -d ;;
    file:*) _eae_files -f ;;
    text:METRIC) _eae_words "$_eae_metrics" ;;
    text:KIND:K) _eae_words 'ttest: anova: corr: cox: variance: mad:' ;;
    text:FILE*) _eae_files -f ;;
    text:*' '*) _eae_words "${3//:[A-Z]/:}" ;;
    *)
        case $1 in
        --metrics) _eae_list "$_eae_metrics" ;;
        --metric) _eae_words "$_eae_metrics" ;;
        --on) _eae_words 'local ssh openlava lsf slurm script:' ;;
        --hosts) _eae_list "$(compgen -A hostname)" ;;
        esac
        ;;
    esac
}

# _eae_operand PROGRAM COMMAND NUMBER: the first ones are words in some programs
_eae_operand() {
    case ${1##*/}:$3 in
    eae-train:1 | eae-rfe:1) _eae_words "$_eae_models" ;;
    eae-plot:1) _eae_words "$_eae_figures" ;;
    *) _eae_files -f ;;
    esac
}

# The command line WORD... of one program up to the cursor, the last word being the one to complete.
_eae_line() {
    local -a words=("$@")
    local program=$1 last=$(($# - 1)) first=1 command='' operands=0 i name type arg values marks
    local before=${words[last - 1]} prefix=''
    _eae_now=${words[last]}
    # bash takes --name=value apart at the =, zsh does not
    if [[ $_eae_now == = ]]; then
        _eae_now=
    elif [[ $before == = ]]; then
        before=${words[last - 2]}
    elif [[ $_eae_now == --*=* ]]; then
        before=${_eae_now%%=*}
        prefix=$before=
        _eae_now=${_eae_now#*=}
    fi
    if [[ -n $(_eae_commands "$program") ]]; then
        if ((last == 1)); then
            _eae_words "$(_eae_commands "$program")"
            return
        fi
        command=${words[1]} first=2
    fi
    for ((i = first; i < last; i++)); do
        if [[ ${words[i]} == -- ]]; then
            _eae_behind "${words[@]:$((i + 1))}"
            return
        fi
        if [[ ${words[i + 1]} == = ]]; then
            ((i += 2))
        elif _eae_takes_value "$program" "$command" "${words[i]}"; then
            ((i += 1))
        elif [[ ${words[i]} != -* ]]; then
            ((operands += 1))
        fi
    done
    if [[ -n $prefix || ${words[last - 1]} == = || $_eae_now != "${words[last]}" ]] ||
        _eae_takes_value "$program" "$command" "$before"; then
        IFS='|' read -r name type arg values marks <<<"$(_eae_option "$program" "$command" "$before")"
        _eae_value "$name" "$type" "$arg" "$values"
        COMPREPLY=("${COMPREPLY[@]/#/$prefix}")
    elif [[ $_eae_now == -* ]]; then
        _eae_words "$(_eae_options "$program" "$command" | cut -d '|' -f 1)"
    else
        _eae_operand "$program" "$command" $((operands + 1))
    fi
}

# _eae_option PROGRAM COMMAND SPELLING: its line
_eae_option() {
    _eae_options "$1" "$2" | grep -m 1 -F -e "$3|"
}

# Is the word after this option its value?
_eae_takes_value() {
    local name type arg values marks
    [[ $3 == -* ]] || return 1
    IFS='|' read -r name type arg values marks <<<"$(_eae_option "$1" "$2" "$3")"
    [[ -n $name && $type != flag && $marks != *optional* ]]
}

# What stands behind "--": another command line, with its own completion if it is one of ours.
_eae_behind() {
    if (($# == 1)); then
        _eae_now=$1
        COMPREPLY=($(compgen -c -- "$1"))
    elif [[ ${1##*/} == eae-* ]]; then
        _eae_line "$@"
    else
        _eae_now=${*:$#}
        _eae_files -f
    fi
}

_eae() {
    local _eae_now=
    COMPREPLY=()
    _eae_line "${COMP_WORDS[@]:0:$((COMP_CWORD + 1))}"
}

complete -F _eae eae-view eae-synth eae-split eae-train eae-rfe eae-score eae-enrich eae-plot eae-cache \
    eae-submit

# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# bash completion for ukcov.

_ukcov() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} i
	local kernel='-k --kernel --modules --source --force' commands='run report diff merge filter top overflow doctor'

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands help --help --version" -- "$cur")
		return
	fi
	if [ "$command" = help ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
		return
	fi
	# Behind --, or behind a command that is run, it is that command's turn.
	case $command in
	run|top|overflow)
		for ((i = 2; i < COMP_CWORD; i++)); do
			case ${COMP_WORDS[i]} in
			--)
				i=$((i + 1))
				break
				;;
			-o|--output|-m|--mode|-b|--buffer|-p|--pid|-k|--kernel|-n|--top|--modules|--source) i=$((i + 1)) ;;
			-*) ;;
			*) break ;;
			esac
		done
		if [ "$i" -lt "$COMP_CWORD" ] && declare -F _command_offset > /dev/null; then
			_command_offset "$i"
			return
		fi
		if [ "$i" -eq "$COMP_CWORD" ] && [[ $prev == -- ]]; then
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			return
		fi
		;;
	esac
	case $prev in
	-m|--mode) mapfile -t COMPREPLY < <(compgen -W 'pc edge cmp compact trace' -- "$cur"); return ;;
	--by) mapfile -t COMPREPLY < <(compgen -W 'function file dir subsystem' -- "$cur"); return ;;
	-p|--pid) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$cur"); return ;;
	--html|--modules|--source) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	-o|--output|-k|--kernel|--lcov|--annotate) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	-b|--buffer|-n|--top|--function|--file|--module) return ;;
	esac
	if [[ $cur != -* ]]; then
		case $command in
		run|top|overflow) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
		report|diff|merge|filter) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		esac
		return
	fi
	case $command in
	run) i='-o --output -f --follow -p --pid -m --mode -b --buffer -q --quiet --fallback -k --kernel' ;;
	report) i="--by -n --top --html --lcov --json --annotate $kernel" ;;
	diff) i="-n --top --json $kernel" ;;
	merge) i='-o --output --force' ;;
	filter) i="--function --file --module -v --invert -o --output $kernel" ;;
	top) i="-n --top -b --buffer -f --follow -o --output $kernel" ;;
	overflow) i='-b --buffer -f --follow --fallback' ;;
	doctor) i=$kernel ;;
	*) i= ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$i --help" -- "$cur")
}

complete -o filenames -F _ukcov ukcov

# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# bash completion for ./check, ./demo and scripts/*: ". scripts/completion.bash".
# The words come from --help and --list.

_kcov_uniq() {
	local command=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words i

	COMPREPLY=()
	case $prev in
	--arch) words='um x86_64 arm64' ;;
	--config) words=$(cd "$_kcov_uniq_repo/tests/boot/configs" && printf '%s\n' *.frag | sed 's/\.frag$//') ;;
	--kernel) words=$(ls "$_kcov_uniq_repo/patches") ;;
	--mount|--scratch) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	--image|--log) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	*)
		case $command in
		*vm)
			# Behind --, it is the turn of the command that is run.
			for ((i = 1; i < COMP_CWORD; i++)); do
				if [[ ${COMP_WORDS[i]} == -- ]]; then
					mapfile -t COMPREPLY < <(compgen -c -f -- "$cur")
					return
				fi
			done
			[[ $cur == -* ]] || { mapfile -t COMPREPLY < <(compgen -c -f -- "$cur"); return; }
			;;
		esac
		words=$("$command" --help 2> /dev/null | grep -oE '^ +--?[a-z][a-z-]*' | tr -d ' ')
		case $command in
		*check) words="$words $("$command" --list 2> /dev/null | awk '{ print $1 }')" ;;
		*demo) [[ $cur == -* ]] || words=$("$command" --list 2> /dev/null | awk '{ print $1 }') ;;
		*series) words="$words export check refresh cover" ;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

_kcov_uniq_repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
complete -o filenames -F _kcov_uniq ./check ./demo scripts/vm scripts/build-kernel scripts/get-kernel scripts/deps scripts/series

# SPDX-License-Identifier: MIT
#
# For tests that are scripts: results in TAP. What is in $out is shown of a failed one.

n=0 failed=0

ok() { # STATUS TEXT
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %s - %s\n' "$n" "$2"
	else
		printf 'not ok %s - %s\n' "$n" "$2"
		failed=1
		tail -n 20 "$out" "$out.err" 2>/dev/null | sed 's/^/# /'
	fi
}

done_testing() {
	echo "1..$n"
	exit $failed
}

# SPDX-License-Identifier: Apache-2.0
#
# What scripts of this folder that build with engines share. They are sourced; nothing happens here.

passed=0
failed=0
log() { printf '[%4ss] %s\n' "$SECONDS" "$*"; }
ok() { log "ok   $1"; passed=$((passed + 1)); }
bad() { log "FAIL $1"; failed=$((failed + 1)); }
check() { # check WHAT EXPECTED FOUND
  if [ "$2" = "$3" ]; then ok "$1"; else bad "$1"; printf '  expected: %q\n  found:    %q\n' "$2" "$3"; fi
}
check_same() { # check_same WHAT ONE OTHER: the same, and not empty
  if [ -n "$2" ]; then check "$@"; else bad "$1"; echo "  the first is empty"; fi
}
check_contains() { # check_contains WHAT TEXT FILE
  if grep -qF -- "$2" "$3"; then ok "$1"; else bad "$1"; printf '  not there: %q\n' "$2"; tail -20 "$3" | sed 's/^/  | /'; fi
}
check_without() { # check_without WHAT TEXT FILE
  if grep -qF -- "$2" "$3"; then bad "$1"; grep -F -- "$2" "$3" | head -5 | sed 's/^/  | /'; else ok "$1"; fi
}
wait_for() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Shared by connect-standalone.sh and connect-distributed.sh; sourced, never run.
# Takes what Kafka's own scripts take: -daemon as the first argument; in EXTRA_ARGS: -daemon, -name NAME, -loggc;
# LOG_DIR for the output of a daemon.

here=$(cd "$(dirname "$0")" && pwd)

find_barnabas() {
  for candidate in "$here/../.venv/bin/barnabas" "$here/barnabas"; do
    [ -x "$candidate" ] && { printf '%s\n' "$candidate"; return 0; }
  done
  command -v barnabas && return 0
  echo "$(basename "$0"): no barnabas command beside this script or on PATH: run 'make demo' in the checkout, or install the package" >&2
  return 1
}

# What configures a JVM means nothing here. Say so once, rather than let someone wonder why a setting has no effect.
note_ignored() {
  ignored=
  for variable in KAFKA_HEAP_OPTS KAFKA_JVM_PERFORMANCE_OPTS KAFKA_GC_LOG_OPTS KAFKA_JMX_OPTS JMX_PORT KAFKA_LOG4J_OPTS KAFKA_OPTS KAFKA_DEBUG CLASSPATH; do
    eval "value=\${$variable:-}"
    [ -n "$value" ] && ignored="$ignored $variable"
  done
  [ -n "$ignored" ] && echo "$(basename "$0"): there is no JVM, so these variables are ignored:$ignored" >&2
  return 0
}

# run_connect MODE DEFAULT_NAME ARGUMENT...: replaces this shell by the worker, or starts it in the background.
run_connect() {
  mode=$1 name=$2
  shift 2
  daemon=
  set -- ${EXTRA_ARGS:-} --end-of-extra "$@"
  while [ "$1" != --end-of-extra ]; do
    case $1 in
      -daemon) daemon=yes ;;
      -name) name=$2; shift ;;
      -loggc) ;;
      *) echo "$(basename "$0"): $1 in EXTRA_ARGS is ignored" >&2 ;;
    esac
    shift
  done
  shift
  if [ "${1:-}" = -daemon ]; then
    daemon=yes
    shift
  fi
  if [ $# -eq 0 ]; then
    usage >&2
    exit 1
  fi
  command=$(find_barnabas) || exit 1
  note_ignored
  if [ -z "$daemon" ]; then
    exec "$command" "$mode" "$@"
  fi
  logs=${LOG_DIR:-$here/../logs}
  mkdir -p "$logs" || exit 1
  nohup "$command" "$mode" "$@" >"$logs/$name.out" 2>&1 </dev/null &
}

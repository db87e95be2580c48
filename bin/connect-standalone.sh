#!/bin/sh
# Runs a standalone worker; takes the arguments of the script of the same name in Apache Kafka.
usage() { echo "USAGE: $0 [-daemon] connect-standalone.properties [connector1.properties connector2.json ...]"; }
. "$(dirname "$0")/connect-common.sh"
run_connect standalone connectStandalone "$@"

#!/bin/sh
# Runs a distributed worker; takes the arguments of the script of the same name in Apache Kafka.
usage() { echo "USAGE: $0 [-daemon] connect-distributed.properties"; }
. "$(dirname "$0")/connect-common.sh"
run_connect distributed connectDistributed "$@"

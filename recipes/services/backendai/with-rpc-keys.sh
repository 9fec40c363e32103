#!/bin/sh
# Makes the manager's key pair for its RPC with agents if there is none, then becomes
# the command. Mount a folder at RPC_KEYS to keep the pair: agents know its public half.
set -eu
keys=${RPC_KEYS:-/etc/backend.ai/keys}
if [ ! -e "$keys/manager.key_secret" ]; then
    umask 077
    mkdir -p "$keys"
    python3 -c 'import sys; from zmq.auth import create_certificates; create_certificates(sys.argv[1], "manager")' "$keys"
    echo "made the key pair $keys/manager.key" >&2
fi
exec "$@"

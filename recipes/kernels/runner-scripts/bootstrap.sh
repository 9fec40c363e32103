#!/bin/sh
# Sourced by the agent as root before a session starts, so it must come back at once and must not exit.
# A session of several containers gets what TensorFlow wants to know of them.
if [ "${BACKENDAI_CLUSTER_SIZE:-1}" -gt 1 ] 2>/dev/null && command -v python3 >/dev/null 2>&1; then
    TF_CONFIG=$(python3 /opt/container/setup_multinode.py) && export TF_CONFIG || unset TF_CONFIG
fi

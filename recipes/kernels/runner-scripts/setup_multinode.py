"""Prints TF_CONFIG for a session of several containers, from what the platform says of them."""

import json
import os

PORT = 2220


def config(environment):
    """The description of the cluster and of this container's place in it."""
    hosts = [host for host in environment["BACKENDAI_CLUSTER_HOSTS"].split(",") if host]
    own = environment["BACKENDAI_CLUSTER_HOST"]
    workers = ["{}:{}".format(host, PORT) for host in hosts]
    return {"cluster": {"worker": workers}, "task": {"type": "worker", "index": hosts.index(own)}}


if __name__ == "__main__":
    print(json.dumps(config(os.environ)))

#!/opt/backend.ai/bin/python3
"""Tells whether the service in this container answers: one line, and exit code 0 or 1.

HEALTH_URL says whom to ask: http://HOST:PORT/PATH, https://... or, of what speaks no HTTP, tcp://HOST:PORT.
"""

import os
import socket
import ssl
import sys
import urllib.parse
import urllib.request

SECONDS = 5


def ask(url):
    """Asks once; whatever goes wrong is an OSError."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "tcp":
        socket.create_connection((parts.hostname, parts.port), SECONDS).close()
        return
    # It is the service's own certificate, for its public name and not for this address.
    context = ssl._create_unverified_context()
    # The way to the same container leads through no proxy.
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    with urllib.request.build_opener(*handlers).open(url, timeout=SECONDS) as answer:
        answer.read()


def main():
    url = os.environ["HEALTH_URL"]
    try:
        ask(url)
    except OSError as error:
        print(f"{url}: {error}")
        return 1
    print(f"{url}: answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One service of the platform: the smallest ASGI application that answers a health check."""

import json
import os
import platform

SERVICE = os.environ["SERVICE"]


async def app(scope, receive, send):
    """Answers /health with the service and the machine it runs on, and everything else with 404."""
    if scope["type"] != "http":
        return
    healthy = scope["path"] == "/health"
    status = "정상" if healthy else "not found"
    body = {"status": status, "service": SERVICE, "machine": platform.machine()}
    await send({
        "type": "http.response.start",
        "status": 200 if healthy else 404,
        "headers": [(b"content-type", b"application/json")],
    })
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})

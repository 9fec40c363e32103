"""Model serving: the smallest ASGI application that answers a health check."""

import json
import platform


async def app(scope, receive, send):
    """Answers /health with the machine it runs on, and everything else with 404."""
    if scope["type"] != "http":
        return
    healthy = scope["path"] == "/health"
    body = {"status": "정상", "machine": platform.machine()} if healthy else {"status": "not found"}
    await send({
        "type": "http.response.start",
        "status": 200 if healthy else 404,
        "headers": [(b"content-type", b"application/json")],
    })
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})

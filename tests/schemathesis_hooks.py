"""How Schemathesis writes the two kinds of body it does not know, for tests/it/server_schema.rs."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    items = value if isinstance(value, list) else [value]
    return "".join(json.dumps(item, default=str) + "\n" for item in items).encode()


@schemathesis.serializer("application/vnd.sqlite3")
def raw(ctx, value):
    return value.data if hasattr(value, "data") else value if isinstance(value, bytes) else str(value).encode()

"""Opens the vectors of layout A with this client. What stands in for a server unwraps each key blob
as its vector says. What is malformed is left out: this client reads some of it."""

import base64
import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from cryptography.exceptions import InvalidTag
from world import client, done, run


class Server(BaseHTTPRequestHandler):
    data_key = b""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        answer = {"id": "key", "data_key": base64.b64encode(Server.data_key).decode()}
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        pass


async def script():
    server = HTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever, daemon=True).start()
    vault = client("key", f"http://127.0.0.1:{server.server_port}").vault
    vectors = [json.loads(path.read_text()) for path in Path(os.environ["VECTORS"]).iterdir()]
    seen = 0
    for vector in vectors:
        given = vector["input"]
        if given["layout"] != "a" or vector["expect"] == "malformed":
            continue
        Server.data_key = bytes.fromhex(given["data_key_hex"])
        sealed = base64.b64encode(bytes.fromhex(given["value_hex"])).decode()
        try:
            opened = await done(
                vault.decrypt(
                    encrypted_data=sealed, associated_data=given["associated_data"]
                )
            )
        except InvalidTag:
            assert vector["expect"] == "cannot_open", vector["name"]
        else:
            assert (vector["expect"], opened) == ("ok", vector["output"]["plaintext"]), vector
        seen += 1
    assert seen >= 12, seen
    server.shutdown()


run(script)

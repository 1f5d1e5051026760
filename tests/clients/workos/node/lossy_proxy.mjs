// Forwards every request to SERVER, and loses the first answer to each different one: the caller
// gets a 503 although the server has done it. Prints its URL.

import { createHash } from 'node:crypto';
import { createServer, request } from 'node:http';

const target = new URL(process.env.SERVER);
const seen = new Set();

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

createServer(async (incoming, outgoing) => {
  const body = await read(incoming);
  const { method, url: path, headers } = incoming;
  const forwarded = request(target, { method, path, headers }, async (answer) => {
    const content = await read(answer);
    const hash = createHash('sha256').update(`${method} ${path} `).update(body);
    const name = hash.update(headers['idempotency-key'] ?? '').digest('hex');
    if (!seen.has(name)) {
      seen.add(name);
      const kind = { 'content-type': 'application/json', 'retry-after': '0' };
      outgoing.writeHead(503, kind).end('{"error":"lost"}');
    } else {
      outgoing.writeHead(answer.statusCode, answer.headers).end(content);
    }
  });
  forwarded.end(body);
}).listen(0, '127.0.0.1', function () {
  console.log(`http://127.0.0.1:${this.address().port}`);
});

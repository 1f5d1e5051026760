// Opens the vectors of layout A with this client. What stands in for a server unwraps each key blob
// as its vector says. What is malformed is left out: this client reads some of it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { client } from './world.mjs';

const folder = process.env.VECTORS;
const read = (file) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
const vectors = readdirSync(folder)
  .map(read)
  .filter((vector) => vector.input.layout === 'a' && vector.expect !== 'malformed');
assert.ok(vectors.length >= 12);

let dataKey;
const server = createServer((incoming, outgoing) => {
  incoming.resume();
  outgoing.writeHead(200, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify({ id: 'key', data_key: dataKey }));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const { vault } = client('key', `http://127.0.0.1:${server.address().port}`);

for (const vector of vectors) {
  const { value_hex: value, data_key_hex: key, associated_data: associatedData } = vector.input;
  dataKey = Buffer.from(key, 'hex').toString('base64');
  const sealed = Buffer.from(value, 'hex').toString('base64');
  if (vector.expect === 'ok') {
    assert.equal(await vault.decrypt(sealed, associatedData), vector.output.plaintext, vector.name);
  } else {
    await assert.rejects(vault.decrypt(sealed, associatedData), undefined, vector.name);
  }
}
server.close();
server.closeAllConnections();

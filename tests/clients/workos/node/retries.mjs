// Requests whose answers get lost on the way: the client repeats them, and nothing is made twice.

import assert from 'node:assert/strict';
import { client, isNewest, vault } from './world.mjs';

const lossy = client(process.env.API_KEY, process.env.LOSSY_SERVER).vault;
const context = { organizationId: 'org_acme' };

if (isNewest) {
  const made = await lossy.createObject({ name: 'once', value: '1', context });
  assert.equal((await vault.readObject({ id: made.id })).value, '1');
  assert.equal((await vault.listObjects()).data.length, 1);
  const sealed = await lossy.encrypt('text', context);
  assert.equal(await lossy.decrypt(sealed), 'text');
} else {
  // The older client neither repeats a 503 with an `error` nor sends an Idempotency-Key: who repeats
  // for it meets what was made before.
  const create = () => lossy.createObject({ name: 'once', value: '1', context });
  await assert.rejects(create, { status: 503 });
  await assert.rejects(create, { name: 'ConflictException' });
  const found = await vault.readObjectByName('once');
  assert.equal(found.value, '1');
}

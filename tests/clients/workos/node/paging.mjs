// Lists in pages, as the client walks through them itself and by hand.

import assert from 'node:assert/strict';
import { isNewest, vault } from './world.mjs';

const context = { organizationId: 'org_acme' };
const names = Array.from({ length: 7 }, (_, n) => `object ${n}`);
const updated = [];
for (const name of names) {
  updated.push((await vault.createObject({ name, value: name, context })).updatedAt);
}
const namesOf = (page) => page.data.map((object) => object.name);
const newestFirst = names.toReversed();

const first = await vault.listObjects({ limit: 3 });
assert.deepEqual(namesOf(first), newestFirst.slice(0, 3));
const second = await vault.listObjects({ limit: 3, after: first.listMetadata.after });
assert.deepEqual(namesOf(second), newestFirst.slice(3, 6));
const last = await vault.listObjects({ limit: 3, after: second.listMetadata.after });
assert.deepEqual(namesOf(last), newestFirst.slice(6));
assert.equal(last.listMetadata.after, null);
const back = await vault.listObjects({ limit: 3, before: second.listMetadata.before });
assert.deepEqual(namesOf(back), namesOf(first));
const ascending = await vault.listObjects({ order: 'asc', limit: 100 });
assert.deepEqual(namesOf(ascending), names);

if (isNewest) {
  // Restarts with a limit of its own.
  const all = await (await vault.listObjects()).autoPagination();
  assert.deepEqual(all.map((object) => object.name), newestFirst);
  const found = await vault.listObjects({ search: 'object 4' });
  assert.deepEqual(namesOf(found), ['object 4']);
  assert.deepEqual(namesOf(await vault.listObjects({ search: 'object' })), []);
  // This client's times have milliseconds, the server's microseconds.
  const after = new Date(updated[4].getTime() - 1).toISOString();
  const later = namesOf(await vault.listObjects({ updatedAfter: after }));
  assert.ok(['object 6', 'object 5', 'object 4'].every((name) => later.includes(name)));
  const future = new Date(Date.now() + 3_600_000).toISOString();
  assert.deepEqual(namesOf(await vault.listObjects({ updatedAfter: future })), []);
}

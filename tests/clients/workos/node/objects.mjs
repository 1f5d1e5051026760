// The eight operations on objects.

import assert from 'node:assert/strict';
import { isNewest, vault } from './world.mjs';

const context = { organizationId: 'org_acme' };
const name = 'acme/stripe key é/..%2F?#';

const made = await vault.createObject({ name, value: 'sk_live_1', context });
assert.deepEqual(made.context, context);
assert.equal(made.environmentId, process.env.WORKSPACE);
assert.equal(made.updatedBy.name, 'program');
assert.ok(made.updatedBy.id && made.keyId && made.versionId);
assert.ok(Math.abs(Date.now() - made.updatedAt.getTime()) < 600_000);

const byId = await vault.readObject({ id: made.id });
const byName = isNewest ? await vault.readObjectByName({ name }) : await vault.readObjectByName(name);
assert.deepEqual(byId, byName);
assert.equal(byId.value, 'sk_live_1');
assert.deepEqual([byId.id, byId.name], [made.id, name]);
assert.deepEqual(byId.metadata, made);

const described = await vault.describeObject({ id: made.id });
assert.equal(described.value, undefined);
assert.deepEqual(described.metadata, made);

const checked = { id: made.id, value: 'sk_live_2', versionCheck: made.versionId };
const replaced = await vault.updateObject(checked);
assert.deepEqual([replaced.id, replaced.name, replaced.value], [made.id, name, undefined]);
assert.notEqual(replaced.metadata.versionId, made.versionId);
assert.equal(replaced.metadata.keyId, made.keyId);
await assert.rejects(vault.updateObject(checked), { name: 'ConflictException', status: 409 });
// Without a check the client sends `null` (11) or nothing (8).
await vault.updateObject({ id: made.id, value: 'naïve 🔑 \0' });
assert.equal((await vault.readObject({ id: made.id })).value, 'naïve 🔑 \0');

const versions = await vault.listObjectVersions({ id: made.id });
assert.equal(versions.length, 3);
assert.deepEqual(versions.map((version) => version.currentVersion), [true, false, false]);
assert.equal(versions[2].id, made.versionId);
if (isNewest) {
  assert.equal(new Set(versions.map((version) => version.etag)).size, 3);
  assert.deepEqual(versions.map((version) => version.size), [13, 9, 9]);
}

const listed = await vault.listObjects();
assert.deepEqual(listed.data.map((object) => [object.id, object.name]), [[made.id, name]]);

if (isNewest) {
  const stale = { id: made.id, versionCheck: made.versionId };
  await assert.rejects(vault.deleteObject(stale), { name: 'ConflictException' });
  await vault.deleteObject({ id: made.id, versionCheck: versions[0].id });
} else {
  await vault.deleteObject({ id: made.id });
}
for (const gone of [
  () => vault.readObject({ id: made.id }),
  () => vault.describeObject({ id: made.id }),
  () => vault.listObjectVersions({ id: made.id }),
  () => vault.updateObject({ id: made.id, value: 'x' }),
  () => vault.deleteObject({ id: made.id }),
]) {
  await assert.rejects(gone, { name: 'NotFoundException', status: 404 });
}
// The name is free at once.
await vault.createObject({ name, value: '', context });

// The three operations on data keys, and values that the client encrypts itself.

import assert from 'node:assert/strict';
import { isNewest, vault } from './world.mjs';

const context = { organizationId: 'org_acme', dataType: 'pii' };

const made = await vault.createDataKey({ context });
assert.equal(Buffer.from(made.dataKey.key, 'base64').length, 32);
assert.deepEqual(made.context, context);
const opened = await vault.decryptDataKey({ keys: made.encryptedKeys });
assert.deepEqual(opened, made.dataKey);

const other = await vault.createDataKey({ context });
assert.notEqual(other.dataKey.key, made.dataKey.key);
assert.notEqual(other.dataKey.id, made.dataKey.id);

if (isNewest) {
  const beta = { organizationId: 'org_beta' };
  const moved = await vault.createRekey({ context: beta, encryptedKeys: made.encryptedKeys });
  assert.equal(moved.dataKey, made.dataKey.key);
  assert.deepEqual(moved.context, beta);
  assert.notEqual(moved.encryptedKeys, made.encryptedKeys);
  const again = await vault.decryptDataKey({ keys: moved.encryptedKeys });
  assert.deepEqual(again, { id: moved.id, key: made.dataKey.key });
}

for (const [text, associatedData] of [
  ['sk_live_1', undefined],
  ['', 'record 7'],
  ['naïve 🔑 \0 text', 'réclamation/№ 7'],
]) {
  const sealed = await vault.encrypt(text, context, associatedData);
  assert.equal(await vault.decrypt(sealed, associatedData), text);
  await assert.rejects(vault.decrypt(sealed, 'of another record'));
  const bytes = Buffer.from(sealed, 'base64');
  bytes[bytes.length - 20] ^= 1;
  await assert.rejects(vault.decrypt(bytes.toString('base64'), associatedData));
}

// This client cuts without looking at lengths: what it then sends is refused, and is no fault.
const sealed = Buffer.from(await vault.encrypt('x', context), 'base64');
for (const length of [40, 100]) {
  const cut = sealed.subarray(0, length).toString('base64');
  await assert.rejects(vault.decrypt(cut), { status: 400 });
}

// Declaring stores through the administrator's app, setting, getting, and what is not there.

import assert from 'node:assert/strict';
import { adminApp, declare, done, refusal, serverApp } from './world.mjs';

const project = await adminApp().getProject();
assert.equal(project.id, process.env.PROJECT);
assert.equal(project.displayName, 'test');
await project.updateConfig({ 'dataVault.stores.tokens': { displayName: 'Tokens' } });
await declare('other');

const app = serverApp();
const store = await app.getDataVaultStore('tokens');
const secret = 'a secret of thirty-two bytes, say';

assert.equal(await store.getValue('user:42', { secret }), null);
await store.setValue('user:42', 'sk_live_1', { secret });
assert.equal(await store.getValue('user:42', { secret }), 'sk_live_1');
await store.setValue('user:42', 'sk_live_2', { secret });
assert.equal(await store.getValue('user:42', { secret }), 'sk_live_2');

// Another secret names another value.
assert.equal(await store.getValue('user:42', { secret: 'another' }), null);
// Another store has values of its own.
const other = await app.getDataVaultStore('other');
assert.equal(await other.getValue('user:42', { secret }), null);

for (const [key, value] of [
  ['empty', ''],
  ['', 'under an empty name'],
  ['kéy😀', 'naïve 🔑 \0 value'],
  ['long', 'x'.repeat(1 << 20)],
]) {
  await store.setValue(key, value, { secret });
  assert.equal(await store.getValue(key, { secret }), value);
}
await store.setValue('weak', 'under an empty secret', { secret: '' });
assert.equal(await store.getValue('weak', { secret: '' }), 'under an empty secret');
// NFC and NFD are two names; a name and the same with a zero byte behind are one, by their hash.
assert.equal(await store.getValue('ke\u0301y😀', { secret }), null);
await store.setValue('k', 'one', { secret });
assert.equal(await store.getValue('k\0', { secret }), 'one');

for (const id of ['none', 'constructor', 'toString', '__proto__', 'Tokens', 'a b']) {
  const unknown = await app.getDataVaultStore(id);
  const get = await refusal(unknown.getValue('user:42', { secret }));
  const set = await refusal(unknown.setValue('user:42', 'v', { secret }));
  for (const error of [get, set]) {
    assert.equal(error.errorCode, 'DATA_VAULT_STORE_DOES_NOT_EXIST', id);
    assert.equal(error.statusCode, 400);
  }
}
// Ids are sent as they stand; this one names no route.
const broken = await app.getDataVaultStore('a/b?x=1');
const lost = await refusal(broken.getValue('user:42', { secret }));
assert.equal(lost.errorCode, undefined);
assert.match(lost.message, /404/);

// A store is deleted by its entry in the configuration, with what it holds.
await project.updateConfig({ 'dataVault.stores.tokens': null });
const gone = await refusal(store.getValue('user:42', { secret }));
assert.equal(gone.errorCode, 'DATA_VAULT_STORE_DOES_NOT_EXIST');
await declare('tokens');
assert.equal(await store.getValue('user:42', { secret }), null);
done();

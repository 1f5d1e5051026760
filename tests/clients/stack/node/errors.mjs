// What the client makes of refusals.

import assert from 'node:assert/strict';
import { adminApp, declare, done, refusal, serverApp } from './world.mjs';

await declare('tokens');
const secret = 'secret';

async function get(options) {
  const store = await serverApp(options).getDataVaultStore('tokens');
  return store.getValue('k', { secret });
}

const { ADMIN_KEY, OTHER_KEY, OTHER_PROJECT, SERVER_KEY } = process.env;
// A key that is none, one of another project, and a project that is none.
const invalid = await refusal(get({ secretServerKey: 'ssk_nobody' }));
assert.equal(invalid.errorCode, 'INVALID_SECRET_SERVER_KEY');
const foreign = await refusal(get({ secretServerKey: OTHER_KEY }));
assert.equal(foreign.errorCode, 'INVALID_SECRET_SERVER_KEY');
assert.equal(foreign.message, invalid.message);
const elsewhere = await refusal(get({ projectId: OTHER_PROJECT }));
assert.equal(elsewhere.errorCode, 'INVALID_SECRET_SERVER_KEY');
const nowhere = await refusal(get({ projectId: '3f2504e0-4f89-41d3-9a0c-0305e82c3301' }));
assert.equal(nowhere.errorCode, 'CURRENT_PROJECT_NOT_FOUND');

// A server key declares nothing, whatever it is called.
const admin = adminApp({ superSecretAdminKey: SERVER_KEY });
const project = await admin.getProject();
const forbidden = await refusal(project.updateConfig({ 'dataVault.stores.more': {} }));
assert.match(forbidden.message, /403/);
// An administrator's key may what a server's may.
assert.equal(await get({ secretServerKey: ADMIN_KEY }), null);

// Nothing but stores is configured here.
const unserved = (await adminApp().getProject()).updateConfig({ 'auth.allowSignUp': true });
assert.equal((await refusal(unserved)).errorCode, 'SCHEMA_ERROR');

// What is too long is told as it stands, not as something that an update would mend.
const store = await serverApp().getDataVaultStore('tokens');
const longest = 'x'.repeat(4 << 20);
await store.setValue('k', longest, { secret });
const large = await refusal(store.setValue('k', `${longest}123`, { secret }));
assert.match(large.message, /413/);
assert.match(large.message, /larger than/);
assert.doesNotMatch(large.message, /update your SDK/i);
assert.equal(await store.getValue('k', { secret }), longest);
done();

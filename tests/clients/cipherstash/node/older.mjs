// protect 8.4.0: `LockContext.identify()`, the `ctsToken` constructor, models.

import assert from 'node:assert/strict';
import { done, env, jwt, load, post } from './world.mjs';

const { csColumn, csTable, protect } = load('@cipherstash/protect');
const { LockContext } = load('@cipherstash/protect/identify');

const users = csTable('users', { email: csColumn('email').equality() });
const client = await protect(users);
const at = { table: users, column: users.email };

const data = ({ data, failure }) => {
  assert.ok(!failure, JSON.stringify(failure));
  return data;
};

const sealed = data(await client.encrypt('hello', at));
assert.equal(data(await client.decrypt(sealed)), 'hello');
const model = data(await client.encryptModel({ id: 1, email: 'a@acme' }, users));
assert.deepEqual(data(await client.decryptModel(model)), { id: 1, email: 'a@acme' });

const alice = data(await new LockContext().identify(jwt('alice')));
const bob = data(await new LockContext().identify(jwt('bob')));
const mine = data(await client.encrypt('mine', at).withLockContext(alice));
assert.equal(data(await client.decrypt(mine).withLockContext(alice)), 'mine');
const theirs = data(await client.encryptModel({ id: 2, email: 'b@acme' }, users).withLockContext(alice));
assert.deepEqual(
  data(await client.decryptModel(theirs).withLockContext(alice)),
  { id: 2, email: 'b@acme' },
);
for (const refused of [
  await client.decrypt(mine).withLockContext(bob),
  await client.decrypt(mine),
  await client.decryptModel(theirs).withLockContext(bob),
]) {
  assert.equal(refused.failure.type, 'DecryptionError');
  assert.match(refused.failure.message, /403 Forbidden.*identity_mismatch/);
}

// A token that somebody else fetched.
const issued = await post('/api/authorize', { oidcToken: jwt('alice'), workspaceId: env.WORKSPACE });
assert.equal(issued.status, 200);
const handed = new LockContext({ ctsToken: issued.body });
assert.equal(data(await client.decrypt(mine).withLockContext(handed)), 'mine');

const forged = await new LockContext().identify('a.b.c');
assert.equal(forged.failure.type, 'CtsTokenError');
process.env.CS_CTS_ENDPOINT = 'http://127.0.0.1:9';
const unreachable = await new LockContext().identify(jwt('alice'));
assert.equal(unreachable.failure.type, 'CtsTokenError');
const unset = new LockContext({ ctsToken: { accessToken: 'a.b.c', expiry: 1 } });
const expired = await client.decrypt(mine).withLockContext(unset);
assert.equal(expired.failure.type, 'DecryptionError');
// A workspace that is not configured is no answer of a server's: their library throws.
delete process.env.CS_WORKSPACE_CRN;
assert.throws(() => new LockContext(), /workspace CRN/);
done();

// protect 8.4.0: `LockContext.identify()`, the `ctsToken` constructor, models.

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { addressOlderLine, done, env, jwt, load, mint, post } from './world.mjs';

addressOlderLine();
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

// A user's token that is wrong in any way is the same to this client; the service says what is wrong.
const whole = jwt('alice').split('.');
const claims = JSON.parse(Buffer.from(whole[1], 'base64url'));
const bobs = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
const otherSignature = Buffer.from(whole[2], 'base64url').map((byte, at) => (at ? byte : byte ^ 1));
for (const [what, oidcToken, error] of [
  ['malformed', 'a.b.c', 'INVALID_TOKEN'],
  ['expired', await mint({ sub: 'alice', expires_in: -3600 }), 'EXPIRED_TOKEN'],
  ['another signature', [whole[0], whole[1], otherSignature.toString('base64url')].join('.'), 'INVALID_TOKEN'],
  ['another subject', [whole[0], bobs, whole[2]].join('.'), 'INVALID_TOKEN'],
  ['another audience', await mint({ sub: 'alice', aud: 'elsewhere' }), 'INVALID_TOKEN'],
  ['another issuer', await mint({ sub: 'alice', claims: { iss: `${env.SERVER}/nobody` } }), 'INVALID_TOKEN'],
]) {
  const { data: identified, failure } = await new LockContext().identify(oidcToken);
  assert.equal(identified, undefined, what);
  assert.equal(failure.type, 'CtsTokenError', what);
  const said = await post('/api/authorise', { oidcToken, workspaceId: env.WORKSPACE });
  assert.equal(said.status, 401, what);
  assert.equal(said.body.error, error, what);
}

// A token that ends opens nothing from then on. Their documentation speaks of a LockContextError; what
// this client says is the error of the operation, with the service's answer in it.
const brief = await mint({ sub: 'alice', expires_in: 4, claims: { scopes: ['a', 'b'] } });
const ending = await post('/api/authorise', { oidcToken: brief, workspaceId: env.WORKSPACE });
assert.equal(ending.status, 200);
const ended = new LockContext({ ctsToken: ending.body });
assert.equal(data(await client.decrypt(mine).withLockContext(ended)), 'mine');
while (Date.now() / 1000 <= ending.body.expiry + 1) await setTimeout(100);
for (const [operation, type] of [
  [client.decrypt(mine), 'DecryptionError'],
  [client.decryptModel(theirs), 'DecryptionError'],
  [client.encrypt('x', at), 'EncryptionError'],
]) {
  const { failure } = await operation.withLockContext(ended);
  assert.equal(failure?.type, type);
  assert.match(failure.message, /401 Unauthorized/);
  assert.doesNotMatch(failure.message, /identity_mismatch/);
}
const malformed = new LockContext({ ctsToken: { accessToken: 'a.b.c', expiry: 1 } });
const unread = await client.decrypt(mine).withLockContext(malformed);
assert.equal(unread.failure?.type, 'DecryptionError');
assert.match(unread.failure.message, /401 Unauthorized/);

process.env.CS_CTS_ENDPOINT = 'http://127.0.0.1:9';
const unreachable = await new LockContext().identify(jwt('alice'));
assert.equal(unreachable.failure.type, 'CtsTokenError');
// A workspace that is not configured is no answer of a server's: their library throws.
delete process.env.CS_WORKSPACE_CRN;
assert.throws(() => new LockContext(), /workspace CRN/);
done();

// stack 1.1.1: the user's token has ended, and so has the one that was had for it; the client asks for
// the next one by itself.

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { done, env, load, mint } from './world.mjs';

const { Encryption, OidcFederationStrategy } = load('@cipherstash/stack');
const { encryptedTable, types } = load('@cipherstash/stack/v3');

const users = encryptedTable('users', { email: types.TextEq('email') });
const at = { table: users, column: users.email };
const lock = { identityClaim: ['sub'] };
const { CLIENT_ID: clientId, CLIENT_KEY: clientKey, CRN: workspaceCrn } = env;

const minted = [];
const session = async () => {
  const token = await mint({ sub: 'alice', expires_in: 20 });
  minted.push(JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).exp);
  return token;
};

const strategy = OidcFederationStrategy.create(workspaceCrn, session);
assert.ok(!strategy.failure);
const config = { authStrategy: strategy.data, clientId, clientKey, workspaceCrn };
const client = await Encryption({ schemas: [users], config });
const sealed = await client.encrypt('hello', at).withLockContext(lock);
assert.ok(!sealed.failure, JSON.stringify(sealed.failure));
const ended = minted.at(-1);
const before = minted.length;
while (Date.now() / 1000 <= ended) await setTimeout(100);
const opened = await client.decrypt(sealed.data).withLockContext(lock);
assert.equal(opened.data, 'hello', JSON.stringify(opened.failure));
assert.ok(minted.length > before);
done();

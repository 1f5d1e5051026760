// stack 1.1.1 as it is imported in Node: what its strategies say, by type, of what the token service
// refuses.

import assert from 'node:assert/strict';
import { done, env, ffi, jwt, load, mint, refusal, encryptConfig } from './world.mjs';

const { AccessKeyStrategy, OidcFederationStrategy } = load('@cipherstash/stack');
const { ACCESS_KEY, CLIENT_ID: clientId, CLIENT_KEY: clientKey, CRN } = env;
const elsewhere = `${CRN.slice(0, CRN.lastIndexOf(':'))}:AAAAAAAAAAAAAAAA`;

/** The failure of a strategy, and what a client with it says. */
const said = async ({ data: strategy, failure }, workspaceCrn = CRN) => {
  assert.ok(strategy, JSON.stringify(failure));
  const told = await strategy.getToken();
  const clientOpts = { workspaceCrn, clientId, clientKey };
  const error = await refusal(ffi.newClient({ encryptConfig, authStrategy: strategy, clientOpts }));
  return { type: told.failure?.type, message: error.message };
};

const own = AccessKeyStrategy.create(CRN, ACCESS_KEY);
assert.ok((await own.data.getToken()).data.token);

const mismatch = await said(AccessKeyStrategy.create(elsewhere, ACCESS_KEY), elsewhere);
assert.equal(mismatch.type, 'WORKSPACE_MISMATCH');
assert.match(mismatch.message, /Workspace mismatch/);

// A key that is none is refused before anything is sent; one that nobody has, by the service, whose
// answer this client gives in the text and not as a type.
assert.equal(AccessKeyStrategy.create(CRN, 'nonsense').failure?.type, 'INVALID_ACCESS_KEY');
const stranger = await said(AccessKeyStrategy.create(CRN, `${ACCESS_KEY}0`));
assert.equal(stranger.type, 'SERVER_ERROR');
assert.match(stranger.message, /401.*"error":"INVALID_ACCESS_KEY"/);

for (const [what, token, crn, error] of [
  ['malformed', async () => 'a.b.c', CRN, 'INVALID_TOKEN'],
  ['expired', () => mint({ sub: 'alice', expires_in: -3600 }), CRN, 'EXPIRED_TOKEN'],
  ['another audience', () => mint({ sub: 'alice', aud: 'elsewhere' }), CRN, 'INVALID_TOKEN'],
  ['another workspace', async () => jwt('alice'), elsewhere, 'INVALID_TOKEN'],
]) {
  const { type, message } = await said(OidcFederationStrategy.create(crn, token), crn);
  assert.equal(type, 'SERVER_ERROR', what);
  assert.match(message, new RegExp(`401.*"error":"${error}"`), what);
}
done();

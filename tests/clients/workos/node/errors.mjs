// Which of the client's classes each refusal becomes.

import assert from 'node:assert/strict';
import { client, isNewest, vault } from './world.mjs';

const context = { organizationId: 'org_acme' };
const wide = (pairs) => Object.fromEntries(Array.from({ length: pairs }, (_, n) => [`k${n}`, 'v']));

async function refused(call, name, status, message) {
  await assert.rejects(call, (error) => {
    assert.deepEqual([error.name, error.status], [name, status], error.stack);
    assert.match(error.message, message);
    // The older one looks for the header under a name that it never has.
    if (isNewest) assert.match(error.requestID, /^req_/);
    return true;
  });
}

const made = await vault.createObject({ name: 'taken', value: '1', context });

await refused(vault.decryptDataKey({ keys: 'AAAA' }), 'OauthException', 400, /decrypt/);
await refused(vault.decryptDataKey({ keys: 'not base64' }), 'OauthException', 400, /decrypt/);
if (isNewest) {
  await refused(vault.listObjects({ limit: 0 }), 'OauthException', 400, /limit/);
}
await refused(
  client('sk_test_123').vault.readObject({ id: made.id }),
  'UnauthorizedException',
  401,
  /./,
);
await refused(vault.readObject({ id: 'secret_51B0AC67' }), 'NotFoundException', 404, /object/);
await refused(
  vault.createObject({ name: 'taken', value: '2', context }),
  'ConflictException',
  409,
  /name/,
);
await refused(
  vault.updateObject({ id: made.id, value: '2', versionCheck: 'c3d4e5f6-7890' }),
  'ConflictException',
  409,
  /version/,
);
for (const [object, field] of [
  [{ name: 'x'.repeat(201), value: '', context }, /name/],
  [{ name: '', value: '', context }, /name/],
  [{ name: 'n', value: '', context: wide(11) }, /key_context.*10/],
  [{ name: 'n', value: '', context: {} }, /key_context/],
  [{ name: 'n', value: '', context: { a: 1 } }, /key_context/],
  [{ name: 'n', value: '', context: { ['k'.repeat(121)]: 'v' } }, /key_context.*121/],
  [{ name: 'n', value: '', context: { k: 'v'.repeat(501) } }, /key_context.*501/],
  [{ name: 'n', value: 7, context }, /value/],
]) {
  await refused(vault.createObject(object), 'UnprocessableEntityException', 422, field);
}
await refused(
  vault.createDataKey({ context: wide(11) }),
  'UnprocessableEntityException',
  422,
  /context.*10/,
);
const large = vault.createObject({ name: 'large', value: 'x'.repeat(5 << 20), context });
await assert.rejects(large, { status: 413 });
// A limit of the edge answers in this surface's form as well.
const once = { maxRetries: 0, config: { headers: { padding: 'x'.repeat(40_000) } } };
const padded = client(process.env.API_KEY, process.env.SERVER, once).vault;
await refused(padded.readObject({ id: made.id }), 'RateLimitExceededException', 429, /./);

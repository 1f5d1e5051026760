// stack 1.1.1 as WebAssembly: encrypt, decrypt, models, both in bulk, queries, and their own
// federation. It has neither locks nor `.audit`.

import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { damaged, done, env, jwt, post } from './world.mjs';

const path = `${process.env.CLIENT_MODULES}/@cipherstash/stack/dist/wasm-inline.js`;
const { Encryption, OidcFederationStrategy, AccessKeyStrategy, encryptedTable, types } = await import(
  pathToFileURL(path)
);

const users = encryptedTable('users', {
  email: types.TextSearch('email'),
  age: types.IntegerOrd('age'),
});
const schemas = [users];
const data = ({ data, failure }) => {
  assert.ok(!failure, JSON.stringify(failure));
  return data;
};
const { CLIENT_ID: clientId, CLIENT_KEY: clientKey } = env;
const acting = (name) => {
  const strategy = OidcFederationStrategy.create(env.CRN, async () => jwt(name), {
    baseUrl: env.SERVER,
  });
  return Encryption({ schemas, config: { authStrategy: data(strategy), clientId, clientKey } });
};
const alice = await acting('alice');
const at = { table: users, column: users.email };

const sealed = data(await alice.encrypt('alice@acme.example', at));
assert.equal(data(await alice.decrypt(sealed)), 'alice@acme.example');
const model = data(await alice.encryptModel({ id: 7, email: 'a@acme.example', age: 41 }, users));
assert.deepEqual(data(await alice.decryptModel(model, users)), {
  id: 7,
  email: 'a@acme.example',
  age: 41,
});
for (const queryType of ['equality', 'freeTextSearch', 'orderAndRange']) {
  const term = data(await alice.encryptQuery('alice@acme.example', { ...at, queryType }));
  const fields = ['hm', 'op', 'bf'].filter((field) => term[field]);
  assert.ok(fields.length > 0, queryType);
  for (const field of fields) {
    const inOrder = (found) => (Array.isArray(found) ? found.toSorted() : found);
    assert.deepEqual(inOrder(term[field]), inOrder(sealed[field]), `${queryType} ${field}`);
  }
}
const bob = await acting('bob');
assert.equal(data(await bob.decrypt(sealed)), 'alice@acme.example');

// In bulk, in order; one bad value, and one bad text.
for (const count of [1, 100]) {
  const texts = Array.from({ length: count }, (_, i) => `value ${i}`);
  const all = data(await alice.bulkEncrypt(texts.map((plaintext) => ({ plaintext, ...at }))));
  assert.deepEqual(data(await alice.bulkDecrypt(all)), texts);
}
const two = ['one', 'two'].map((plaintext) => ({ plaintext, ...at }));
const [first, second] = data(await alice.bulkEncrypt(two));
const mixed = await alice.bulkDecrypt([first, damaged(second, 30), first]);
assert.equal(mixed.failure?.type, 'DecryptionError', JSON.stringify(mixed.data));
assert.match(mixed.failure.message, /1 of 3 .*\n *\[1\]/);
assert.doesNotMatch(mixed.failure.message, /403|[Ff]orbidden|identity_mismatch/);
const unsealed = await alice.bulkEncrypt([two[0], { ...two[1], plaintext: 7 }]);
assert.equal(unsealed.failure?.type, 'EncryptionError', JSON.stringify(unsealed.data));

const people = [1, 2].map((id) => ({ id, email: `${id}@acme.example`, age: 40 + id }));
const models = data(await alice.bulkEncryptModels(people, users));
assert.deepEqual(data(await alice.bulkDecryptModels(models, users)), people);
const badModels = [models[0], { ...models[1], email: damaged(models[1].email, 30) }];
const unread = await alice.bulkDecryptModels(badModels, users);
assert.equal(unread.failure?.type, 'DecryptionError', JSON.stringify(unread.data));
assert.match(unread.failure.message, /\[model 1\] email/);

// With an access key: their `AccessKeyStrategy` asks the vendor's own address in this build, whatever it
// is given; a strategy of one's own does not.
const getToken = async () => {
  const { body } = await post('/api/authorise', { accessKey: env.ACCESS_KEY });
  return { token: body.accessToken };
};
const config = { authStrategy: { getToken }, clientId, clientKey };
const service = await Encryption({ schemas, config });
assert.equal(data(await service.decrypt(sealed)), 'alice@acme.example');
const asked = [];
const real = globalThis.fetch;
globalThis.fetch = async (request) => {
  asked.push(new URL(request.url ?? request).origin);
  throw new Error('nothing leaves this machine');
};
const theirs = data(AccessKeyStrategy.create(env.CRN, env.ACCESS_KEY, { baseUrl: env.SERVER }));
assert.ok((await theirs.getToken()).failure);
globalThis.fetch = real;
assert.equal(asked.length, 1);
assert.notEqual(asked[0], env.SERVER);

// What this build has no words for.
const sealing = alice.encrypt('x', at);
assert.equal(typeof sealing.withLockContext, 'undefined');
assert.equal(typeof sealing.audit, 'undefined');
data(await sealing);
done();

// stack 1.1.1 as WebAssembly: encrypt, decrypt, models, bulk, queries, and their own federation.

import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { done, env, jwt } from './world.mjs';

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
  assert.ok(term, queryType);
}
const bob = await acting('bob');
assert.equal(data(await bob.decrypt(sealed)), 'alice@acme.example');
assert.ok(AccessKeyStrategy);
done();

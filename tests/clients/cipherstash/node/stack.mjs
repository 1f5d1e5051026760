// stack 1.1.1 as it is imported in Node: the table of the scripts, and clients of it for whoever asks.

import assert from 'node:assert/strict';
import { env, jwt, load } from './world.mjs';

const { Encryption, OidcFederationStrategy } = load('@cipherstash/stack');
const { encryptedTable, types } = load('@cipherstash/stack/v3');

export const users = encryptedTable('users', {
  email: types.TextSearch('email'),
  age: types.IntegerOrd('age'),
  born: types.DateOrd('born'),
  about: types.Json('about'),
});
export const at = { table: users, column: users.email };
export const person = { email: 'alice@acme.example', age: 41, about: { city: 'Bern', tags: ['a'] } };

/** What an operation came to. */
export const data = ({ data, failure }, what) => {
  assert.ok(!failure, `${what}: ${JSON.stringify(failure)}`);
  return data;
};

const { CLIENT_ID: clientId, CLIENT_KEY: clientKey, ACCESS_KEY: accessKey, CRN: workspaceCrn } = env;
const client = (config) =>
  Encryption({ schemas: [users], config: { workspaceCrn, clientId, clientKey, ...config } });

/** A client that acts for a user. */
export const acting = (name) => {
  const strategy = OidcFederationStrategy.create(workspaceCrn, async () => jwt(name));
  return client({ authStrategy: data(strategy, name) });
};

/** A client with the access key. */
export const serving = (config) => client({ accessKey, ...config });

const people = [person, { ...person, age: 42 }];
const texts = ['one', 'two', 'three'].map((plaintext, id) => ({ id: `${id}`, plaintext }));

/** How each operation seals, how it opens, and what comes back. */
export const operations = {
  value: [
    (client) => client.encrypt('hello', at),
    (client, sealed) => client.decrypt(sealed),
    'hello',
  ],
  model: [
    (client) => client.encryptModel(person, users),
    (client, sealed) => client.decryptModel(sealed, users),
    person,
  ],
  values: [
    (client) => client.bulkEncrypt(texts, at),
    (client, sealed) => client.bulkDecrypt(sealed),
    texts.map(({ id, plaintext }) => ({ id, data: plaintext })),
  ],
  models: [
    (client) => client.bulkEncryptModels(people, users),
    (client, sealed) => client.bulkDecryptModels(sealed, users),
    people,
  ],
};

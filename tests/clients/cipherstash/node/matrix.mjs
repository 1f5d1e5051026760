// stack 1.1.1 as it is imported in Node: each operation without a lock, locked to one claim and to two,
// and every kind of query; for the person, for somebody else, for nobody, and with another lock.

import assert from 'node:assert/strict';
import { done, env, jwt, load } from './world.mjs';

const { Encryption, OidcFederationStrategy } = load('@cipherstash/stack');
const { LockContext } = load('@cipherstash/stack/identity');
const { encryptedTable, types } = load('@cipherstash/stack/v3');

const users = encryptedTable('users', {
  email: types.TextSearch('email'),
  age: types.IntegerOrd('age'),
  born: types.DateOrd('born'),
  about: types.Json('about'),
});
const schemas = [users];
const at = { table: users, column: users.email };

const data = ({ data, failure }, what) => {
  assert.ok(!failure, `${what}: ${JSON.stringify(failure)}`);
  return data;
};
const refused = ({ failure }, what, type) => {
  assert.ok(failure, `${what} was not refused`);
  assert.equal(failure.type, type, what);
  assert.match(failure.message, /403|[Ff]orbidden|identity_mismatch/, what);
};

const { CLIENT_ID: clientId, CLIENT_KEY: clientKey, ACCESS_KEY: accessKey, CRN: workspaceCrn } = env;
const acting = async (name) => {
  const authStrategy = data(OidcFederationStrategy.create(workspaceCrn, async () => jwt(name)), name);
  return Encryption({ schemas, config: { authStrategy, clientId, clientKey, workspaceCrn } });
};
const alice = await acting('alice');
const bob = await acting('bob');
const config = { workspaceCrn, clientId, clientKey, accessKey };
const service = await Encryption({ schemas, config });

const person = { email: 'alice@acme.example', age: 41, about: { city: 'Bern', tags: ['a'] } };
const people = [person, { ...person, age: 42 }];
const texts = ['one', 'two', 'three'].map((plaintext, id) => ({ id: `${id}`, plaintext }));
const locks = {
  'no lock': undefined,
  'one claim': { identityClaim: ['sub'] },
  'two claims': { identityClaim: ['sub', 'scopes'] },
  'a lock context': new LockContext({ context: { identityClaim: ['scopes'] } }),
};
const locked = (operation, lock) => (lock ? operation.withLockContext(lock) : operation);

/** How each operation seals, how it opens, and what comes back. */
const operations = {
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

for (const [operation, [seal, open, expected]] of Object.entries(operations)) {
  for (const [name, lock] of Object.entries(locks)) {
    const what = `${operation}, ${name}`;
    const sealed = data(await locked(seal(alice), lock), what);
    assert.doesNotMatch(JSON.stringify(sealed), /hello|acme|Bern/, what);
    assert.deepEqual(data(await locked(open(alice, sealed), lock), what), expected, what);
    const others = lock
      ? [
          [bob, name === 'a lock context' ? locks['one claim'] : lock, 'somebody else'],
          [service, undefined, 'nobody, without a lock'],
          [alice, undefined, 'the person, without a lock'],
          [alice, { identityClaim: ['scopes', 'email'] }, 'the person, with another lock'],
        ]
      : [[alice, locks['one claim'], 'the person, with a lock that is not there']];
    for (const [client, with_, who] of others) {
      const opened = await locked(open(client, sealed), with_);
      if (operation === 'values' && opened.data) {
        // Each value has a result of its own here.
        for (const each of opened.data) assert.match(each.error, /identity_mismatch/, `${what}: ${who}`);
      } else {
        refused(opened, `${what}: ${who}`, 'DecryptionError');
      }
    }
    if (!lock) {
      assert.deepEqual(data(await open(bob, sealed), what), expected, what);
      assert.deepEqual(data(await open(service, sealed), what), expected, what);
    }
  }
}

// Sealing for a person takes a person.
for (const [operation, [seal]] of Object.entries(operations)) {
  refused(await locked(seal(service), locks['one claim']), operation, 'EncryptionError');
}

const queries = [
  ['alice@acme.example', users.email, 'equality'],
  ['acme', users.email, 'freeTextSearch'],
  ['alice', users.email, 'orderAndRange'],
  [41, users.age, 'equality'],
  [41, users.age, 'orderAndRange'],
  [new Date('2001-02-03'), users.born, 'orderAndRange'],
  ['$.city', users.about, 'steVecSelector'],
  [{ path: '$.city', value: 'Bern' }, users.about, 'steVecValueSelector'],
  ['Bern', users.about, 'steVecTerm'],
  [{ city: 'Bern' }, users.about, 'searchableJson'],
  ['$.city', users.about, 'searchableJson'],
];
for (const [value, column, queryType] of queries) {
  const what = `${JSON.stringify(value)} by ${queryType}`;
  for (const lock of [undefined, locks['one claim'], locks['two claims']]) {
    const term = data(await locked(alice.encryptQuery(value, { table: users, column, queryType }), lock), what);
    assert.ok(term, what);
    assert.doesNotMatch(JSON.stringify(term), /acme|Bern/, what);
  }
}
const terms = queries.map(([value, column, queryType]) => ({ value, table: users, column, queryType }));
assert.equal(data(await alice.encryptQuery(terms), 'terms').length, terms.length);

// What `.audit` notes travels with each operation.
data(await alice.encrypt('noted', at).audit({ metadata: { ticket: 'INC-4712' } }), 'audit');
done();

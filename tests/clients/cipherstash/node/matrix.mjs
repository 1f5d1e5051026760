// stack 1.1.1 as it is imported in Node: each operation without a lock, locked to one claim and to two;
// for the person, for somebody else, for nobody, and with another lock.

import assert from 'node:assert/strict';
import { done, load } from './world.mjs';
import { acting, data, operations, serving } from './stack.mjs';

const { LockContext } = load('@cipherstash/stack/identity');

const refused = ({ failure }, what, type) => {
  assert.ok(failure, `${what} was not refused`);
  assert.equal(failure.type, type, what);
  assert.match(failure.message, /403|[Ff]orbidden|identity_mismatch/, what);
};

const alice = await acting('alice');
const bob = await acting('bob');
const service = await serving();

const locks = {
  'no lock': undefined,
  'one claim': { identityClaim: ['sub'] },
  'two claims': { identityClaim: ['sub', 'scopes'] },
  'a lock context': new LockContext({ context: { identityClaim: ['scopes'] } }),
};
const locked = (operation, lock) => (lock ? operation.withLockContext(lock) : operation);

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

done();

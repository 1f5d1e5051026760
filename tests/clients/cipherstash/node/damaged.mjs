// stack 1.1.1 as it is imported in Node: whoever owns a locked value is told that it is damaged, and not
// that it is somebody else's; a bad value among good ones.

import assert from 'node:assert/strict';
import { damaged, done, ffi, note, withUser } from './world.mjs';
import { acting, at, data, person, users } from './stack.mjs';

const alice = await acting('alice');
const lock = { identityClaim: ['sub'] };
const identity = /403|[Ff]orbidden|identity_mismatch/;

const refused = ({ data, failure }, what) => {
  assert.equal(failure?.type, 'DecryptionError', `${what}: ${JSON.stringify(data)}`);
  assert.doesNotMatch(failure.message, identity, what);
};

// One character in the ciphertext, and one in the tag by which the service knows the key again.
const [inCiphertext, inTag] = [30, 75];
const text = data(await alice.encrypt('one', at).withLockContext(lock), 'text');
const good = data(await alice.encrypt('good', at).withLockContext(lock), 'good');
const model = data(await alice.encryptModel(person, users).withLockContext(lock), 'model');
for (const place of [inCiphertext, inTag]) {
  const bad = damaged(text, place);
  refused(await alice.decrypt(bad).withLockContext(lock), `value, ${place}`);
  const values = [good, bad, good].map((each, id) => ({ id: `${id}`, data: each }));
  const opened = data(await alice.bulkDecrypt(values).withLockContext(lock), `values, ${place}`);
  assert.deepEqual([opened[0], opened[2]], [{ id: '0', data: 'good' }, { id: '2', data: 'good' }]);
  assert.equal(opened[1].id, '1');
  assert.ok(opened[1].error, JSON.stringify(opened[1]));
  assert.doesNotMatch(opened[1].error, identity, `values, ${place}`);
  const badModel = { ...model, email: damaged(model.email, place) };
  refused(await alice.decryptModel(badModel, users).withLockContext(lock), `model, ${place}`);
  const models = [model, badModel];
  refused(await alice.bulkDecryptModels(models, users).withLockContext(lock), `models, ${place}`);
}

// What cannot be sealed is refused with all that was to be sealed with it.
const mixed = [{ id: '0', plaintext: 'good' }, { id: '1', plaintext: 7 }];
const unsealed = await alice.bulkEncrypt(mixed, at).withLockContext(lock);
assert.equal(unsealed.failure?.type, 'EncryptionError', JSON.stringify(unsealed.data));
const people = [person, { ...person, age: 'old' }];
const unsealedModels = await alice.bulkEncryptModels(people, users).withLockContext(lock);
assert.equal(unsealedModels.failure?.type, 'EncryptionError', JSON.stringify(unsealedModels.data));

// At every place in turn. Two stretches cannot be told from another person's: the number that the client
// drew for the key, which what tells the owner is bound to, and what tells the owner itself. Sixteen
// bytes are twenty characters, and at most two more at either end where they do not begin a group.
const owner = await withUser('alice');
const one = await ffi.encrypt(owner, { plaintext: 'one', ...note, lockContext: lock });
const asOthers = [];
// The last character says less than it could: another one can mean the same bytes.
const last = one.c.length - 1;
for (let place = 0; place < one.c.length; place += 1) {
  const ciphertext = damaged(one, place);
  const said = await ffi.decrypt(owner, { ciphertext, lockContext: lock }).then(
    (opened) => {
      assert.ok(place === last && opened === 'one', `opened with another character at ${place}`);
      return '';
    },
    (error) => error.message,
  );
  if (identity.test(said)) asOthers.push(place);
}
assert.ok(one.c.length > 140, `${one.c.length}`);
assert.ok(asOthers.length <= 48, JSON.stringify(asOthers));
done();

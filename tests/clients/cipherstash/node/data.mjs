// protect-ffi: single values, bulk in order, a bad item among good ones, notes for the log.

import assert from 'node:assert/strict';
import { damaged, done, email, ffi, note, refusal, withKey } from './world.mjs';

const client = await withKey();

const sealed = await ffi.encrypt(client, { plaintext: 'hello', ...email });
assert.equal(await ffi.decrypt(client, { ciphertext: sealed }), 'hello');
assert.notEqual(sealed.c, (await ffi.encrypt(client, { plaintext: 'hello', ...email })).c);

// Another instance of the same client has the same keys, and so do its index terms.
const again = await withKey();
assert.equal(await ffi.decrypt(again, { ciphertext: sealed }), 'hello');
assert.equal((await ffi.encrypt(again, { plaintext: 'hello', ...email })).hm, sealed.hm);

for (const count of [1, 100, 5000]) {
  const plaintexts = Array.from({ length: count }, (_, i) => ({ plaintext: `value ${i}`, ...note }));
  const all = await ffi.encryptBulk(client, { plaintexts });
  const opened = await ffi.decryptBulk(client, {
    ciphertexts: all.map((ciphertext) => ({ ciphertext })),
  });
  assert.deepEqual(opened, plaintexts.map((item) => item.plaintext));
}

// A value of one column that claims to be another's: its key is another.
const good = await ffi.encrypt(client, { plaintext: 'good', ...note });
const bad = damaged(sealed, 24);
const each = await ffi.decryptBulkFallible(client, {
  ciphertexts: [{ ciphertext: good }, { ciphertext: bad }, { ciphertext: sealed }],
});
assert.equal(each[0].data, 'good');
assert.ok(each[1].error, JSON.stringify(each[1]));
assert.equal(each[2].data, 'hello');
await refusal(
  ffi.decryptBulk(client, { ciphertexts: [{ ciphertext: good }, { ciphertext: bad }] }),
);
// What cannot be sealed is refused with all that was to be sealed with it.
const mixed = [{ plaintext: 'good', ...note }, { plaintext: 'bad', table: 'users', column: 'nobody' }];
await refusal(ffi.encryptBulk(client, { plaintexts: mixed }));

for (const queryType of ['unique', 'match', 'ope']) {
  const indexType = queryType;
  const term = await ffi.encryptQuery(client, { plaintext: 'hello', ...email, indexType });
  const other = await ffi.encryptQuery(again, { plaintext: 'hullo', ...email, indexType });
  const stored = { unique: 'hm', match: 'bf', ope: 'op' }[queryType];
  const inOrder = (found) => (Array.isArray(found) ? found.toSorted() : found);
  assert.ok(sealed[stored], queryType);
  assert.deepEqual(inOrder(term[stored]), inOrder(sealed[stored]), queryType);
  assert.notDeepEqual(inOrder(other[stored]), inOrder(sealed[stored]), queryType);
}

// What `.audit({ metadata })` of their library sends.
await ffi.encrypt(client, {
  plaintext: 'noted',
  ...note,
  unverifiedContext: { ticket: 'INC-4711' },
});
done();

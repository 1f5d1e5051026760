// protect-ffi: values locked to one claim and to two.

import assert from 'node:assert/strict';
import { done, ffi, note, refusal, withKey, withUser } from './world.mjs';

const alice = await withUser('alice');
const bob = await withUser('bob');
const service = await withKey();

const one = { identityClaim: ['sub'] };
const two = { identityClaim: ['sub', 'scopes'] };
const turned = { identityClaim: ['scopes', 'sub'] };
const lockedToOne = await ffi.encrypt(alice, { plaintext: 'one', ...note, lockContext: one });
const lockedToTwo = await ffi.encrypt(alice, { plaintext: 'two', ...note, lockContext: two });
const open = await ffi.encrypt(alice, { plaintext: 'open', ...note });

assert.equal(await ffi.decrypt(alice, { ciphertext: lockedToOne, lockContext: one }), 'one');
assert.equal(await ffi.decrypt(alice, { ciphertext: lockedToTwo, lockContext: two }), 'two');
assert.equal(await ffi.decrypt(alice, { ciphertext: lockedToTwo, lockContext: turned }), 'two');

for (const [who, client, ciphertext, lockContext] of [
  ['another person', bob, lockedToOne, one],
  ['another person, two claims', bob, lockedToTwo, two],
  ['no identity', service, lockedToOne, one],
  ['no identity, no lock', service, lockedToOne, undefined],
  ['no lock', alice, lockedToOne, undefined],
  ['fewer claims', alice, lockedToTwo, one],
  ['more claims', alice, lockedToOne, two],
]) {
  const single = await refusal(ffi.decrypt(client, { ciphertext, lockContext }));
  assert.match(single.message, /Forbidden/, who);
  // Where their protocol has room for a reason, it says identity, and the other values open.
  const [first, second] = await ffi.decryptBulkFallible(client, {
    ciphertexts: [{ ciphertext: open }, { ciphertext, lockContext }],
  });
  assert.equal(first.data, 'open', who);
  assert.match(second.error, /identity_mismatch/, who);
}

// A value that is not locked is nobody's in particular.
const wrong = await refusal(ffi.decrypt(alice, { ciphertext: open, lockContext: one }));
assert.match(wrong.message, /Forbidden/);

// An access key has no identity to lock to.
const none = await refusal(ffi.encrypt(service, { plaintext: 'x', ...note, lockContext: one }));
assert.match(none.message, /forbidden/i);

const bulk = await ffi.encryptBulk(alice, {
  plaintexts: [
    { plaintext: 'mine', ...note, lockContext: one },
    { plaintext: 'anybody', ...note },
  ],
});
assert.deepEqual(
  await ffi.decryptBulk(alice, {
    ciphertexts: [{ ciphertext: bulk[0], lockContext: one }, { ciphertext: bulk[1] }],
  }),
  ['mine', 'anybody'],
);
done();

// protect-ffi: keysets by id and by name, and what is refused.

import assert from 'node:assert/strict';
import { done, env, ffi, note, refusal, withKey } from './world.mjs';

const options = {
  workspaceCrn: env.CRN,
  accessKey: env.ACCESS_KEY,
  clientId: env.CLIENT_ID,
  clientKey: env.CLIENT_KEY,
};
const acme = await ffi.ensureKeyset({ ...options, name: 'tenants/acme' });
assert.equal(acme.name, 'tenants/acme');
// It is there now, and stays what it is.
assert.equal((await ffi.ensureKeyset({ ...options, name: 'tenants/acme' })).id, acme.id);

const byName = await withKey({ clientOpts: { keyset: { Name: 'tenants/acme' } } });
const byId = await withKey({ clientOpts: { keyset: { Uuid: acme.id } } });
const ofDefault = await withKey();
const sealed = await ffi.encrypt(byName, { plaintext: 'acme', ...note });
assert.equal(await ffi.decrypt(byId, { ciphertext: sealed }), 'acme');
// A payload names its keyset, and the client is granted both.
assert.equal(await ffi.decrypt(ofDefault, { ciphertext: sealed }), 'acme');

const unknown = await refusal(withKey({ clientOpts: { keyset: { Name: 'tenants/nobody' } } }));
assert.match(unknown.message, /NotFound/);
const stranger = '7d6f0b54-5c5e-4d43-9b1a-2f1e0d3c4b5a';
const nobody = await refusal(withKey({ clientOpts: { clientId: stranger } }));
assert.match(nobody.message, /NotFound/);
const wrongKey = await refusal(withKey({ clientOpts: { accessKey: `${env.ACCESS_KEY}0` } }));
assert.match(wrongKey.message, /INVALID_ACCESS_KEY/);
const region = env.CRN.slice(0, env.CRN.lastIndexOf(':'));
const elsewhere = await refusal(
  withKey({ clientOpts: { workspaceCrn: `${region}:AAAAAAAAAAAAAAAA` } }),
);
assert.match(elsewhere.message, /Workspace mismatch/);
done();

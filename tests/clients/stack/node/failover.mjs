// Works on while one of two servers is killed: the test kills it when `first` was written.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { done, serverApp } from './world.mjs';

const secret = 'secret';
// The address is the environment's, with which the client asks for others.
const store = await serverApp({ baseUrl: undefined }).getDataVaultStore('tokens');
await store.setValue('k', 'before', { secret });
// The list of addresses is fetched in the background.
assert.equal(await store.getValue('k', { secret }), 'before');
process.stdout.write('first\n');
await once(process.stdin, 'data');
await store.setValue('k', 'after', { secret });
assert.equal(await store.getValue('k', { secret }), 'after');
process.stdout.write('second\n', done);

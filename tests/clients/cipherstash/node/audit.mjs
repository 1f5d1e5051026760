// stack 1.1.1 as it is imported in Node: what `.audit` notes travels with each operation, sealing and
// opening.

import assert from 'node:assert/strict';
import { done } from './world.mjs';
import { acting, data, operations } from './stack.mjs';

const alice = await acting('alice');
for (const [operation, [seal, open, expected]] of Object.entries(operations)) {
  const noted = (what) => ({ metadata: { ticket: `${operation} ${what}` } });
  const sealed = data(await seal(alice).audit(noted('sealed')), operation);
  const opened = await open(alice, sealed).audit(noted('opened'));
  assert.deepEqual(data(opened, operation), expected);
}
done();

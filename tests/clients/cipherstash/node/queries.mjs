// stack 1.1.1 as it is imported in Node: every kind of query finds what another client stored, and
// nothing else does; with and without a lock, one by one and together, and not in another keyset.

import assert from 'node:assert/strict';
import { done, env, ffi } from './world.mjs';
import { acting, data, person, serving, users } from './stack.mjs';

const { CLIENT_ID: clientId, CLIENT_KEY: clientKey, ACCESS_KEY: accessKey, CRN: workspaceCrn } = env;
const name = 'tenants/acme';
await ffi.ensureKeyset({ workspaceCrn, accessKey, clientId, clientKey, name });
const acme = await serving({ keyset: { name } });
const service = await serving();
const alice = await acting('alice');
const locks = [undefined, { identityClaim: ['sub'] }, { identityClaim: ['sub', 'scopes'] }];
const born = new Date('2001-02-03');
const stored = data(await service.encryptModel({ ...person, born }, users), 'stored');

const is = (field) => (term, { [field]: value }) => value !== undefined && term[field] === value;
const within = (field) => (term, value) => term[field].every((each) => value[field].includes(each));
const below = (term, value) => term.op.length > 0 && term.op < value.op;
const has = (selector) => (term, value) => value.sv.some(({ s }) => s === selector(term));
const contains = (term, value) =>
  term.sv.every(({ s, op }) => value.sv.some((each) => each.s === s && (!op || each.op === op)));
const someOp = (term, value) => value.sv.some(({ op }) => op === term.op);
const whole = (term) => term;

/** A query that finds the stored value, one that does not, and how the database compares. */
const queries = [
  ['email', 'equality', 'alice@acme.example', 'bob@acme.example', is('hm')],
  ['email', 'freeTextSearch', 'acme', 'elsewhere', within('bf')],
  ['email', 'orderAndRange', 'alice@acme.example', 'alice@acme.exampla', is('op')],
  ['email', 'orderAndRange', 'alice@acme', 'zoe', below],
  ['age', 'equality', 41, 42, is('op')],
  ['age', 'orderAndRange', 40, 42, below],
  ['born', 'orderAndRange', born, new Date('2001-02-04'), is('op')],
  ['born', 'orderAndRange', new Date('2001-02-02'), new Date('2001-02-04'), below],
  ['about', 'steVecSelector', '$.city', '$.town', has(whole)],
  [
    'about',
    'steVecValueSelector',
    { path: '$.city', value: 'Bern' },
    { path: '$.city', value: 'Basel' },
    has((term) => term.sv[0].s),
  ],
  ['about', 'steVecTerm', 'Bern', 'Basel', someOp],
  ['about', 'searchableJson', { city: 'Bern' }, { city: 'Basel' }, contains],
  ['about', 'searchableJson', '$.city', '$.town', has(whole)],
];

const asked = (client, value, column, queryType, lock) => {
  const query = client.encryptQuery(value, { table: users, column: users[column], queryType });
  return lock ? query.withLockContext(lock) : query;
};

for (const [column, queryType, there, absent, compares] of queries) {
  for (const lock of locks) {
    const what = `${column} by ${queryType}, ${JSON.stringify(lock)}`;
    const term = data(await asked(alice, there, column, queryType, lock), what);
    assert.doesNotMatch(JSON.stringify(term), /acme|Bern/, what);
    assert.ok(compares(term, stored[column]), `${what} finds it`);
    const other = data(await asked(alice, absent, column, queryType, lock), what);
    assert.ok(!compares(other, stored[column]), `${what} finds what it should not`);
  }
  if (compares !== below) {
    const elsewhere = data(await asked(acme, there, column, queryType), column);
    assert.ok(!compares(elsewhere, stored[column]), `${column} by ${queryType} of another keyset`);
  }
}

const together = queries.map(([column, queryType, value]) => ({
  value,
  table: users,
  column: users[column],
  queryType,
}));
for (const lock of locks) {
  const query = alice.encryptQuery(together);
  const terms = data(await (lock ? query.withLockContext(lock) : query), 'together');
  assert.equal(terms.length, queries.length);
  for (const [position, [column, queryType, , , compares]] of queries.entries()) {
    assert.ok(compares(terms[position], stored[column]), `${column} by ${queryType} among others`);
  }
}
done();

// nextjs 1.1.0: the middleware sets the session's cookie, `getCtsToken` reads it, and what it holds
// opens what is locked to the user. Next's own modules and Clerk's session are stand-ins.

import assert from 'node:assert/strict';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { addressOlderLine, done, jwt, load } from './world.mjs';

addressOlderLine();
register(new URL('./next-modules.mjs', import.meta.url));
const at = (name) => pathToFileURL(`${process.env.CLIENT_MODULES}/@cipherstash/nextjs/dist/${name}`);
const { jseqlClerkMiddleware } = await import(at('clerk/index.js'));
const { CS_COOKIE_NAME, getCtsToken, jseqlMiddleware } = await import(at('index.js'));

const jar = new Map();
globalThis.standInCookies = { get: (name) => jar.get(name), has: (name) => jar.has(name) };
const keep = (response) => {
  for (const [name, cookie] of response.cookies.all) jar.set(name, cookie);
};

assert.equal((await getCtsToken()).success, false);
const session = async () => ({ userId: 'alice', getToken: async () => jwt('alice') });
keep(await jseqlClerkMiddleware(session, { cookies: globalThis.standInCookies }));
assert.ok(jar.has(CS_COOKIE_NAME));
const found = await getCtsToken();
assert.ok(found.success, found.error);
assert.ok(found.ctsToken.expiry * 1000 > jar.get(CS_COOKIE_NAME).expires.getTime() - 1);

// The subject of our token is the user's: a session that is theirs is left alone.
const kept = jar.get(CS_COOKIE_NAME);
keep(await jseqlMiddleware(jwt('alice'), { cookies: globalThis.standInCookies }));
assert.equal(jar.get(CS_COOKIE_NAME), kept);
keep(await jseqlMiddleware(jwt('bob'), { cookies: globalThis.standInCookies }));
assert.notEqual(jar.get(CS_COOKIE_NAME), kept);

const { csColumn, csTable, protect } = load('@cipherstash/protect');
const { LockContext } = load('@cipherstash/protect/identify');
const users = csTable('users', { email: csColumn('email') });
const client = await protect(users);
const lock = new LockContext({ ctsToken: found.ctsToken });
const sealed = await client.encrypt('x', { table: users, column: users.email }).withLockContext(lock);
assert.ok(!sealed.failure, JSON.stringify(sealed.failure));
const opened = await client.decrypt(sealed.data).withLockContext(lock);
assert.equal(opened.data, 'x');

// What the cookie of another person's session holds does not open it.
const other = await getCtsToken();
assert.ok(other.success, other.error);
assert.notEqual(other.ctsToken.accessToken, found.ctsToken.accessToken);
const theirs = new LockContext({ ctsToken: other.ctsToken });
const refused = await client.decrypt(sealed.data).withLockContext(theirs);
assert.equal(refused.failure?.type, 'DecryptionError', JSON.stringify(refused));
assert.match(refused.failure.message, /403 Forbidden.*identity_mismatch/);
const own = await client.encrypt('y', { table: users, column: users.email }).withLockContext(theirs);
assert.equal((await client.decrypt(own.data).withLockContext(theirs)).data, 'y');
done();

// stash 1.1.1: `stash auth login` signs this device in and binds it; what it keeps then encrypts, and
// gets its next token when the first has ended. Their native addon needs a newer C library than
// Debian 12's, so that it runs on that of the next release.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { done, encryptConfig, env, ffi, note, refusal, withKey } from './world.mjs';

const { CLIENT_MODULES, LIBC, CS_CONFIG_PATH: PROFILE } = process.env;
// All of them keep what they know at home.
process.env.HOME = PROFILE;
delete process.env.CS_CONFIG_PATH;

/** Runs a program of Node with the newer library, and gives what it printed. */
const run = (arguments_, said = () => {}) =>
  new Promise((resolve) => {
    const libraries = `${LIBC}:/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu`;
    const child = spawn(
      `${LIBC}/ld-linux-x86-64.so.2`,
      ['--library-path', libraries, process.execPath, ...arguments_],
      { env: { ...process.env, DO_NOT_TRACK: '1', CI: '' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => said((text += chunk)));
    }
    child.on('close', (status) => resolve({ status, text }));
  });

const page = async (form) => {
  const body = new URLSearchParams(form);
  const response = await fetch(`${env.SERVER}/oauth/device`, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
};

// Somebody who has an administrator's access key opens the address and approves.
let approval;
const login = await run(
  [join(CLIENT_MODULES, 'stash/dist/bin/stash.js'), 'auth', 'login', '--region', 'ap-southeast-2'],
  (text) => {
    const code = text.match(/user_code=([A-Z-]+)/)?.[1];
    if (code && !approval) {
      const form = { user_code: code, access_key: env.ACCESS_KEY, role: 'admin', name: 'laptop' };
      approval = page(form);
    }
  },
);
assert.equal(login.status, 0, login.text);
assert.equal((await approval).status, 200);
assert.match(login.text, /Authenticated/);
assert.doesNotMatch(login.text, /Failed/);

// What is kept is enough, without an access key or the key of a client in the environment.
for (const name of Object.keys(process.env)) {
  if (/^CS_CLIENT|^CS_WORKSPACE|ACCESS_KEY/.test(name)) delete process.env[name];
}
const kept = join(PROFILE, '.cipherstash/workspaces', env.WORKSPACE, 'auth.json');
const read = () => JSON.parse(readFileSync(kept, 'utf8'));
const device = await ffi.newClient({ encryptConfig });
const sealed = await ffi.encrypt(device, { plaintext: 'hello', ...note });
assert.equal(await ffi.decrypt(device, { ciphertext: sealed }), 'hello');
const program = await withKey();
assert.equal(await ffi.decrypt(program, { ciphertext: sealed }), 'hello');

// The token has ended: the next one is had with what the login left.
const first = read();
writeFileSync(kept, JSON.stringify({ ...first, expires_at: 1 }));
const later = await ffi.newClient({ encryptConfig });
assert.equal(await ffi.decrypt(later, { ciphertext: sealed }), 'hello');
assert.ok(read().expires_at > Date.now() / 1000);

// A login that was ended is told from a server that does not answer.
writeFileSync(kept, JSON.stringify({ ...first, refresh_token: 'sr_x', expires_at: 1 }));
const ended = await refusal(
  ffi.newClient({ encryptConfig }).then((client) => ffi.encrypt(client, { plaintext: 'x', ...note })),
);
assert.match(`${ended.code} ${ended.message}`, /EXPIRED_TOKEN|expired/i);
done();

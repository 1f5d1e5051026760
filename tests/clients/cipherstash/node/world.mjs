// What the scripts share: unmodified clients, pointed at a server as their documentation says.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

export const load = createRequire(`${process.env.CLIENT_MODULES}/`);

const { SERVER, CRN, WORKSPACE, CLIENT_ID, CLIENT_KEY, ACCESS_KEY, TOKENS } = process.env;
export const env = { SERVER, CRN, WORKSPACE, CLIENT_ID, CLIENT_KEY, ACCESS_KEY };

// What their clients read: the one address of the newer line, and who asks.
process.env.CS_CTS_HOST = SERVER;
process.env.CS_WORKSPACE_CRN = CRN;
process.env.CS_WORKSPACE_ID = WORKSPACE;
process.env.CS_CLIENT_ID = CLIENT_ID;
process.env.CS_CLIENT_KEY = CLIENT_KEY;
process.env.CS_CLIENT_ACCESS_KEY = ACCESS_KEY;

/** What the older line reads beside it. */
export const addressOlderLine = () => {
  process.env.CS_CTS_ENDPOINT = SERVER;
  process.env.CS_ZEROKMS_HOST = `${SERVER}/zerokms/`;
};

export const ffi = load('@cipherstash/protect-ffi');

/** A user's own token, of the provider that the workspace trusts. */
export const jwt = (name) => {
  const token = JSON.parse(TOKENS)[name];
  assert.ok(token, name);
  return token;
};

export const post = async (path, body, headers = {}) => {
  const response = await fetch(`${SERVER}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
};

/** Has a token minted by the provider, a bad one if asked for. */
export const mint = async (asked) => {
  const response = await fetch(process.env.TOKEN_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  });
  return (await response.json()).token;
};

/** Federates a user's token, as their strategies do. */
export const federation = (name) => ({
  getToken: async () => {
    const oidcToken = jwt(name);
    const { status, body } = await post('/api/authorise', { oidcToken, workspaceId: WORKSPACE });
    assert.equal(status, 200, JSON.stringify(body));
    return { token: body.accessToken };
  },
});

export const encryptConfig = {
  v: 1,
  tables: {
    users: {
      email: { cast_as: 'text', indexes: { unique: {}, match: {}, ope: {} } },
      note: { cast_as: 'text', indexes: {} },
    },
  },
};

const credentials = { workspaceCrn: CRN, clientId: CLIENT_ID, clientKey: CLIENT_KEY };

/** A client with the access key. */
export const withKey = (options = {}) => {
  const { clientOpts, ...rest } = options;
  return ffi.newClient({
    encryptConfig,
    clientOpts: { ...credentials, accessKey: ACCESS_KEY, ...clientOpts },
    ...rest,
  });
};

/** A client that acts for a user. */
export const withUser = (name) =>
  ffi.newClient({ encryptConfig, authStrategy: federation(name), clientOpts: credentials });

export const note = { table: 'users', column: 'note' };
export const email = { table: 'users', column: 'email' };

/** A payload with another character at a place of its ciphertext. */
export const damaged = (payload, place) => {
  const other = payload.c[place] === 'A' ? 'B' : 'A';
  return { ...payload, c: payload.c.slice(0, place) + other + payload.c.slice(place + 1) };
};

/** What a promise is rejected with. */
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('was not refused');
}

// The clients keep timers of their own.
export function done() {
  process.exit(0);
}

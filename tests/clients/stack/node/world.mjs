// What the scripts share: an unmodified client, pointed at a server as its README says.

import { createRequire } from 'node:module';

const load = createRequire(`${process.env.CLIENT_MODULES}/`);
export const library = load(process.env.CLIENT_PACKAGE);

const { PROJECT, SERVER, SERVER_KEY, ADMIN_KEY } = process.env;

/** A server app; without a `baseUrl` it takes the one of its environment variables. */
export function serverApp(options = {}) {
  return new library.StackServerApp({
    projectId: PROJECT,
    secretServerKey: SERVER_KEY,
    baseUrl: SERVER,
    tokenStore: 'memory',
    ...options,
  });
}

export function adminApp(options = {}) {
  return new library.StackAdminApp({
    projectId: PROJECT,
    secretServerKey: SERVER_KEY,
    superSecretAdminKey: ADMIN_KEY,
    baseUrl: SERVER,
    tokenStore: 'memory',
    ...options,
  });
}

/** Declares a store by the administrator's app. */
export async function declare(id, displayName = id) {
  const project = await adminApp().getProject();
  await project.updateConfig({ [`dataVault.stores.${id}`]: { displayName } });
}

/** What a promise is rejected with. */
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('was not refused');
}

// The client keeps timers of its own.
export function done() {
  process.exit(0);
}

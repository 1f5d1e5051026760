// What the scripts share: an unmodified client, pointed at a server as its README says.

import { createRequire } from 'node:module';

/** The client's package, by the name that it has in package.json. */
export const packageName = process.env.CLIENT_PACKAGE;
/** Whether it is the newer of the two. */
export const isNewest = packageName === 'workos-11';

const load = createRequire(`${process.env.CLIENT_MODULES}/`);
export const library = load(packageName);

/** A client with an API key, for a server by its URL. */
export function client(apiKey = process.env.API_KEY, url = process.env.SERVER, options = {}) {
  const { hostname, port } = new URL(url);
  return new library.WorkOS(apiKey, {
    apiHostname: hostname,
    port: Number(port),
    https: false,
    ...options,
  });
}

export const vault = client().vault;

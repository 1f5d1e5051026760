// Verifies and reads webhooks: a list of `payload`, `header`, `secret` and `tolerance` in JSON on
// standard input, what the client made of each on standard output.

import { readFileSync } from 'node:fs';
import { client, isNewest } from './world.mjs';

const { webhooks } = client();
const read = ({ payload, header, secret, tolerance }) =>
  webhooks.constructEvent({
    // The older client wants the body parsed, and signs what JSON.stringify makes of it again.
    payload: isNewest ? payload : JSON.parse(payload),
    sigHeader: header,
    secret,
    tolerance,
  });
const requests = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(await Promise.all(requests.map(read))));

// Encrypts or decrypts values, for other clients to read: `local.mjs encrypt|decrypt` with a list in
// JSON on standard input and one on standard output.

import { readFileSync } from 'node:fs';
import { vault } from './world.mjs';

const one = {
  encrypt: ({ text, context, associated_data: data }) => vault.encrypt(text, context, data),
  decrypt: ({ sealed, associated_data: data }) => vault.decrypt(sealed, data),
}[process.argv[2]];
const requests = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(await Promise.all(requests.map(one))));

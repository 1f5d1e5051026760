// Encrypts or decrypts one value, for another client to read: `local.mjs encrypt|decrypt` with
// JSON on standard input and output.

import { readFileSync } from 'node:fs';
import { vault } from './world.mjs';

const request = JSON.parse(readFileSync(0, 'utf8'));
const answer =
  process.argv[2] === 'encrypt'
    ? await vault.encrypt(request.text, request.context, request.associated_data)
    : await vault.decrypt(request.sealed, request.associated_data);
process.stdout.write(JSON.stringify(answer));

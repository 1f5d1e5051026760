// Sets values, or gets them, as the standard input says.

import { readFileSync } from 'node:fs';
import { declare, done, serverApp } from './world.mjs';

const [what] = process.argv.slice(2);
const requests = JSON.parse(readFileSync(0, 'utf8'));
const answers = [];
for (const { store: id, key, value, secret } of requests) {
  const store = await serverApp().getDataVaultStore(id);
  if (what === 'set') {
    await declare(id);
    await store.setValue(key, value, { secret });
  } else {
    answers.push(await store.getValue(key, { secret }));
  }
}
process.stdout.write(JSON.stringify(answers), done);

// Reads the events of a workspace in which five objects were made, page by page.

import assert from 'node:assert/strict';
import { client } from './world.mjs';

const { events } = client();
const named = ['vault.data.created', 'vault.kek.created'];
const found = [];
let after;
do {
  const page = await events.listEvents({ events: named, limit: 2, after });
  assert.ok(page.data.length <= 2);
  found.push(...page.data);
  after = page.listMetadata.after;
} while (after);

assert.deepEqual(
  found.map(({ event }) => event),
  ['vault.kek.created', ...Array(5).fill('vault.data.created')],
);
const last = found.at(-1);
assert.ok(last.id.startsWith('event_') && last.createdAt);
await assert.rejects(events.listEvents({ events: ['vault.data.invented'] }), { status: 400 });

/** Trace context: what the standard and its own tests give as valid and as not, and how a trace travels with a request. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, headers } from '@nats-io/transport-node';
import { traceIdIn, traceparentOf } from '../../src/base/trace.ts';
import type { Message } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { commandId } from '../coordination/world.ts';
import { withBroker } from '../support/broker.ts';
import { bytes, Collected } from './collected.ts';
import { settled } from './contract.ts';

/** Of https://www.w3.org/TR/trace-context/ and of the tests that the working group publishes beside it. */
const VALID: readonly (readonly [string, string])[] = [
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '4bf92f3577b34da6a3ce929d0e0e4736'],
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00', '4bf92f3577b34da6a3ce929d0e0e4736'],
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '0af7651916cd43dd8448eb211c80319c'],
  ['cc-12345678901234567890123456789012-1234567890123456-01', '12345678901234567890123456789012'],
  [
    'cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like',
    '12345678901234567890123456789012',
  ],
];
const INVALID: readonly string[] = [
  '',
  '00-12345678901234567890123456789012-1234567890123456-01.',
  '00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like',
  'cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like',
  'ff-12345678901234567890123456789012-1234567890123456-01',
  '.0-12345678901234567890123456789012-1234567890123456-01',
  '0.-12345678901234567890123456789012-1234567890123456-01',
  '000-12345678901234567890123456789012-1234567890123456-01',
  '0000-12345678901234567890123456789012-1234567890123456-01',
  '0-12345678901234567890123456789012-1234567890123456-01',
  '00-00000000000000000000000000000000-1234567890123456-01',
  '00-.2345678901234567890123456789012-1234567890123456-01',
  '00-1234567890123456789012345678901.-1234567890123456-01',
  '00-123456789012345678901234567890123-1234567890123456-01',
  '00-1234567890123456789012345678901-1234567890123456-01',
  '00-12345678901234567890123456789012-0000000000000000-01',
  '00-12345678901234567890123456789012-.234567890123456-01',
  '00-12345678901234567890123456789012-123456789012345.-01',
  '00-12345678901234567890123456789012-12345678901234567-01',
  '00-12345678901234567890123456789012-123456789012345-01',
  '00-12345678901234567890123456789012-1234567890123456-.0',
  '00-12345678901234567890123456789012-1234567890123456-0.',
  '00-12345678901234567890123456789012-1234567890123456-001',
  '00-12345678901234567890123456789012-1234567890123456-1',
  '00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01',
];

test('what the standard says is a traceparent is one, and nothing else', () => {
  for (const [text, id] of VALID) assert.equal(traceIdIn(text), id, text);
  for (const text of INVALID) assert.equal(traceIdIn(text), undefined, text);
});

test('a command is said under its own id, each time by another span', () => {
  const id = commandId(7);
  const said = [1, 2, 3].map((attempt) => traceparentOf(id, attempt) ?? '');
  for (const text of said) {
    assert.match(text, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.equal(traceIdIn(text), id);
  }
  assert.equal(new Set(said).size, 3);
  assert.equal(traceparentOf(id, 2), said[1]);
  assert.equal(traceparentOf('0'.repeat(32), 1), undefined);
  assert.equal(traceparentOf('no id', 1), undefined);
});

test('other programs read our header, and we read theirs; two of them are none', () =>
  withBroker(async ({ url }) => {
    const bus = await connectNats({ servers: url, name: 'ours' });
    const client = await connect({ servers: url });
    try {
      const [trace, another] = VALID.map(([text]) => text);
      client.subscribe('theirs', {
        callback: (_, message) => void message.respond(message.headers?.get('traceparent') ?? 'none'),
      });
      await client.flush();
      const read = async (given?: string) =>
        Buffer.from(await bus.request('theirs', bytes(), 20_000, given)).toString();
      assert.deepEqual([await read(trace), await read()], [trace, 'none']);

      const got = new Collected<Message>();
      bus.subscribe('ours', got.add);
      await settled(bus);
      const give = (...given: readonly string[]): void => {
        const own = headers();
        for (const text of given) own.append('traceparent', text);
        client.publish('ours', '', { headers: own, reply: 'nowhere' });
      };
      give(trace!);
      give(trace!, another!);
      give();
      const heard = await got.atLeast(3);
      assert.deepEqual(
        heard.map((message) => message.trace),
        [trace, undefined, undefined],
      );
    } finally {
      await client.close();
      await bus.close();
    }
  }));

/** The socket under the client, against pretended brokers: what it says in the clear, and to whom it says nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test from 'node:test';
import { connectNats } from '../../src/bus/nats.ts';

const TLS_HANDSHAKE = 0x16;

/** Runs `act` with the address of a server that greets with `greeting` and writes down what it hears, by connection. */
async function withPretender(
  greeting: string,
  act: (url: string, heard: readonly Buffer[][]) => Promise<void>,
): Promise<void> {
  const heard: Buffer[][] = [];
  const server = createServer((socket) => {
    const mine: Buffer[] = [];
    heard.push(mine);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      mine.push(bytes);
      socket.end("-ERR 'not what you hoped for'\r\n");
    });
    socket.write(greeting);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  try {
    await act(`127.0.0.1:${port}`, heard);
  } finally {
    server.close();
    await once(server, 'close');
  }
}

for (const wish of ['tls_required', 'tls_available'])
  test(`to a broker whose ${wish} is set nothing is said in the clear`, async () => {
    const greeting = `INFO ${JSON.stringify({ version: '2.14.0', max_payload: 1024, [wish]: true })}\r\n`;
    await withPretender(greeting, async (servers, heard) => {
      await assert.rejects(connectNats({ servers, name: 'x', connectTimeoutMs: 0 }));
      const said = heard.map((pieces) => Buffer.concat(pieces)).filter(({ length }) => length > 0);
      assert.equal(said.length, 1);
      assert.equal(said[0]?.[0], TLS_HANDSHAKE);
      assert.ok(!said[0]?.includes('CONNECT'), 'the login is not in it');
    });
  });

test('what answers but is no broker is an error', async () => {
  await withPretender('HTTP/1.1 400 Bad Request\r\n\r\n', async (servers) => {
    await assert.rejects(connectNats({ servers, name: 'x', connectTimeoutMs: 0 }), {
      code: 'bus.unavailable',
    });
  });
});

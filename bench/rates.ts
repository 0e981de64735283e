/**
 * Owns the machine's raw rates, measured in the same run as everything they are held against.
 */
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';

const MIB = 1024 * 1024;

export interface Rates {
  readonly tcpBytesPerSecond: number;
  readonly aes128CtrBytesPerSecond: number;
}

export async function measureRates(): Promise<Rates> {
  return { tcpBytesPerSecond: await tcpRate(), aes128CtrBytesPerSecond: aesRate() };
}

/** Bytes per second of AES-128-CTR in pieces of 129 KiB, one core. */
function aesRate(totalBytes = 256 * MIB): number {
  const piece = new Uint8Array(129 * 1024);
  const cipher = createCipheriv('aes-128-ctr', new Uint8Array(16), new Uint8Array(16));
  const startedMs = performance.now();
  let done = 0;
  for (; done < totalBytes; done += piece.length) cipher.update(piece);
  return (done / (performance.now() - startedMs)) * 1000;
}

/** Bytes per second over one loopback TCP connection, both ends in this process. */
async function tcpRate(totalBytes = 256 * MIB): Promise<number> {
  let received = 0;
  let finished = (): void => {};
  const whole = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const server = createServer((socket) => {
    socket.on('data', (bytes) => {
      received += bytes.length;
      if (received >= totalBytes) finished();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const piece = new Uint8Array(256 * 1024);
  const startedMs = performance.now();
  for (let sent = 0; sent < totalBytes; sent += piece.length)
    if (!socket.write(piece)) await once(socket, 'drain');
  await whole;
  const rate = (totalBytes / (performance.now() - startedMs)) * 1000;
  socket.destroy();
  server.close();
  return rate;
}

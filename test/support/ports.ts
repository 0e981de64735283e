/**
 * Owns finding loopback ports for a deployment's HTTP faces.
 */
import { createServer } from 'node:net';

/** A first port for `mpc up --rest`: its coordinator's and three clients' are free now. */
export async function freePorts(): Promise<number> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 20_000);
    const free = await Promise.all([0, 10, 11, 12].map((more) => isFree(base + more)));
    if (free.every((one) => one)) return base;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

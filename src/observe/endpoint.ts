/**
 * Owns the three pages on which a role's health is read: /metrics, /healthz, /readyz. On this machine only.
 * Must never change anything, nor tell more than metrics.ts and vitals.ts do.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EXIT, MpcError, reportOf } from '../base/errors.ts';

export interface EndpointOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  /** Why it is not ready; undefined when it is. */
  readonly whyNotReady: () => string | undefined;
  /** Why starting it again would help; undefined while it would not. */
  readonly whyNotAlive: () => Promise<string | undefined>;
}

export interface Endpoint {
  readonly url: string;
  close(): Promise<void>;
}

/** Throws `observe.cannot-listen`. */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { host, port } = options;
  const server = createServer({ requestTimeout: 10_000, maxHeaderSize: 8192 }, (request, response) => {
    void answer(options, request, response);
  });
  server.maxConnections = 32;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(options, error)));
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo; // of a server that listens on a port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  { metrics, whyNotReady, whyNotAlive }: EndpointOptions,
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const path = url.split('?')[0];
    if (method !== 'GET' && method !== 'HEAD') return say(response, 405, 'this only answers GET');
    if (path === '/metrics') {
      const text = await metrics.metrics();
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
      return;
    }
    if (path === '/readyz') return health(response, whyNotReady());
    if (path === '/healthz') return health(response, await whyNotAlive());
    return say(response, 404, 'there are /metrics, /healthz and /readyz');
  } catch (error) {
    say(response, 500, reportOf(error).message);
  }
}

const health = (response: ServerResponse, why: string | undefined): void =>
  say(response, why === undefined ? 200 : 503, why ?? 'ok');

function say(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return;
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  response.writeHead(status, headers).end(`${text}\n`);
}

function cannotListen({ host, port }: EndpointOptions, error: Error): MpcError {
  const code = 'code' in error ? String(error.code) : error.message;
  return new MpcError('observe.cannot-listen', `cannot listen on ${host}:${port}: ${code}`, {
    hint: 'choose another address under [observe]: listen = "127.0.0.1:0" takes a free port',
    exitCode: EXIT.unavailable,
  });
}

/**
 * Owns one request that tells an endpoint of a change: bounded in time and size, to the address that was checked, followed
 * nowhere else. Must never use a redirect, a proxy, or another address than the one it looked at.
 */
import { lookup as resolveName } from 'node:dns/promises';
import { type ClientRequest, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIP } from 'node:net';
import { EXIT, MpcError } from '../base/errors.ts';
import { checkAddress, type NotifyRules } from './allowed.ts';

/** From the name's look-up to the answer's first line. */
const PATIENCE_MS = 10_000;

/** Resolves a host's name to addresses. */
export type Resolve = (
  host: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export const systemResolve: Resolve = (host) => resolveName(host, { all: true });

export interface PutOptions {
  readonly url: URL;
  readonly body: Uint8Array;
  readonly rules: NotifyRules;
  readonly resolve: Resolve;
  readonly signal: AbortSignal;
}

/** Resolves when the endpoint has answered 2xx. Throws `notify.not-allowed` or `notify.failed`. */
export async function putNotice({ url, body, rules, resolve, signal }: PutOptions): Promise<void> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const [found] = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolved(resolve, host);
  if (found === undefined) throw failed('its host has no address');
  checkAddress(found.address, rules);
  const status = await new Promise<number>((done, fail) => {
    const send = url.protocol === 'https:' ? overHttps : overHttp;
    const call: ClientRequest = send(url, {
      method: 'PUT',
      signal: limited,
      agent: false,
      headers: { 'content-type': 'application/json', 'content-length': body.length },
      // The connection goes to the address that was checked: the name is not looked up again.
      lookup: (_host, options, answer) =>
        options.all === true
          ? answer(null, [{ address: found.address, family: found.family }])
          : answer(null, found.address, found.family),
    });
    call.once('error', fail);
    call.once('response', (response) => {
      done(response.statusCode ?? 0);
      response.destroy(); // nobody reads what it says
    });
    call.end(body);
  }).catch((error: unknown) => {
    if (signal.aborted) throw signal.reason;
    throw failed(error instanceof Error ? error.message : 'no answer');
  });
  if (status < 200 || status > 299)
    throw failed(
      status >= 300 && status < 400
        ? `it answered ${status}, and redirects are not followed`
        : `it answered ${status}`,
    );
}

async function resolved(resolve: Resolve, host: string): ReturnType<Resolve> {
  try {
    return await resolve(host);
  } catch {
    throw failed('its host is not known');
  }
}

const failed = (message: string): MpcError =>
  new MpcError('notify.failed', `the endpoint could not be told: ${message.slice(0, 200)}`, {
    hint: 'it is tried again; its owner can see the collaboration without it',
    exitCode: EXIT.temporary,
  });

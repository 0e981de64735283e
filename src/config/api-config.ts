/**
 * Owns the [api] section of a role's configuration: where its HTTP face listens (a loopback address unless it says otherwise), and
 * with which certificate.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { EXIT, MpcError } from '../base/errors.ts';

/** `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`. */
const ADDRESS = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9.-]{1,253})):(\d{1,5})$/i;

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export function parseListen(text: string): ListenAddress | undefined {
  const match = ADDRESS.exec(text);
  if (match === null) return undefined;
  const [, six, host, port = ''] = match;
  if (six !== undefined && isIP(six) !== 6) return undefined;
  return Number(port) > 65_535 ? undefined : { host: six ?? host ?? '', port: Number(port) };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** The `[api]` section of a role's configuration. */
export const apiSchema = z.strictObject({
  /** Where to listen; port 0 takes a free one. */
  listen: z
    .string()
    .default('127.0.0.1:0')
    .refine((text) => parseListen(text) !== undefined, 'write host:port, for example 127.0.0.1:8080'),
  /** PEM files; with them the face speaks HTTPS and nothing else. */
  certificate: z.string().optional(),
  certificateKey: z.string().optional(),
  /** Requests a minute of one account, or of one address that is nobody's. */
  requestsPerMinute: z.int().min(1).default(6000),
  /** File that the address in use is written to: for those who start this with port 0. */
  addressFile: z.string().optional(),
  /** A client's own token, readable by its owner only; made where it is not there. */
  tokenFile: z.string().optional(),
});

export type ApiConfig = z.infer<typeof apiSchema>;

/** Checked by the schema. */
export function listenAddress({ listen }: ApiConfig): ListenAddress {
  const address = parseListen(listen);
  if (address === undefined) throw badApi(`${listen} is no address`);
  return address;
}

export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Throws `config.invalid` when only one of the two files is named, or one cannot be read. */
export function readTls({ certificate, certificateKey }: ApiConfig): Tls | undefined {
  if (certificate === undefined && certificateKey === undefined) return undefined;
  if (certificate === undefined || certificateKey === undefined)
    throw badApi('a certificate needs its key, and a key its certificate');
  return { cert: readPem(certificate), key: readPem(certificateKey) };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    throw badApi(`the file ${file} cannot be read`);
  }
}

const badApi = (message: string): MpcError =>
  new MpcError('config.invalid', message, { hint: 'correct the [api] section', exitCode: EXIT.badConfig });

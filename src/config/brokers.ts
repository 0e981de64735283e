/**
 * Owns how brokers are named and trusted: the URLs of one cluster, and the authority of their certificates.
 */
import { readFileSync } from 'node:fs';
import { EXIT, MpcError } from '../base/errors.ts';
import type { NatsOptions } from '../bus/nats.ts';

/** "nats://a:4222, nats://b:4222" as a list. */
export const brokerUrls = (text: string): string[] => text.split(',').map((url) => url.trim());

/** `nats://HOST:PORT` or `tls://HOST:PORT`; scheme and port may be left out. */
export const isBrokerUrl = (url: string): boolean => {
  const place = url.replace(/^(nats|tls):\/\//, '');
  return !place.includes('/') && URL.canParse(`http://${place}`);
};

/** As `brokerUrls`, of what a person gave at the command line. Throws `usage.nats`. */
export function givenBrokers(text: string): string[] {
  const urls = brokerUrls(text);
  const wrong = urls.find((url) => !isBrokerUrl(url));
  if (wrong === undefined) return urls;
  throw new MpcError('usage.nats', `${JSON.stringify(wrong)} is no address of a broker`, {
    hint: 'write nats://HOST:PORT or tls://HOST:PORT, with commas between several',
    exitCode: EXIT.usage,
  });
}

/**
 * What a role's connection needs to know of its brokers. A `tls://` URL, or a `[tls]` section, forbids speaking in the clear.
 * Throws `config.invalid` for an authority's file that cannot be read.
 */
export function brokerAccess({
  nats,
  tls,
}: {
  readonly nats: readonly string[];
  readonly tls?: { readonly ca?: string | undefined } | undefined;
}): Pick<NatsOptions, 'servers' | 'tls'> {
  const ca = tls?.ca === undefined ? '' : readAuthority(tls.ca);
  // No organisation has an authority of its own: their certificates come from public ones.
  if (ca.trim() !== '') return { servers: nats, tls: { ca } };
  const isGuarded = tls !== undefined || nats.some((url) => url.startsWith('tls://'));
  return { servers: nats, ...(isGuarded ? { tls: {} } : {}) };
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new MpcError('config.invalid', "the authority of the brokers' certificates cannot be read", {
      place: { file },
      hint: 'correct ca in the [tls] section',
      exitCode: EXIT.badConfig,
    });
  }
}

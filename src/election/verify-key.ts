/**
 * Owns the key under which the three servers verify ballots: made of a contribution of each, sealed to the other two.
 * Must never be known to a voter: who knows it can prove what is not so. All three contributions are fixed, and committed to in the
 * log, before the first ballot, so that no server can fit the key to one; a server that hands the others different ones is found out.
 */
import { hex, sha256, utf8 } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import { contextOf, openSeal, recipientOf, type SealingKey, seal } from '../identity/hpke.ts';
import { ELECTION_SERVERS, type ElectionServer } from './descriptor.ts';

/** What a server says in the log of its contribution. */
export interface KeyShare {
  /** Digest of the contribution, 64 hexadecimal digits. */
  readonly commitment: string;
  /** The contribution sealed to each of the other two, base64url, by their addresses. */
  readonly sealed: Readonly<Record<string, string>>;
}

const infoFor = (digest: string, from: string, to: string): Uint8Array =>
  utf8.encode(`mpc/1 verify key share\n${digest}\n${from}\n${to}`);

function commitmentTo(digest: string, from: string, contribution: Uint8Array): string {
  return hex.encode(sha256(utf8.encode(`mpc/1 verify key commitment\n${digest}\n${from}\n`), contribution));
}

/** `contribution`: 32 unpredictable bytes. `sealingKeys`: what each server said in the log, base64url. */
export function shareKey(
  digest: string,
  me: ElectionServer,
  contribution: Uint8Array,
  sealingKeys: Readonly<Record<string, { readonly sealingKey: string }>>,
  random: RandomSource,
): KeyShare {
  const sealed: Record<string, string> = {};
  for (const peer of ELECTION_SERVERS) {
    if (peer === me) continue;
    const key = new Uint8Array(Buffer.from(sealingKeys[peer]?.sealingKey ?? '', 'base64url'));
    const recipient = recipientOf(key, infoFor(digest, me, peer));
    if (recipient === undefined) throw unusable(peer, 'said a sealing key that is none');
    const bytes = seal(recipient, new Uint8Array(0), contribution, random);
    sealed[peer] = Buffer.from(bytes).toString('base64url');
  }
  return { commitment: commitmentTo(digest, me, contribution), sealed };
}

/** The 32 bytes that all three get. Throws `election.key-share`, naming the server whose part does not fit. */
export function verifyKeyOf(
  digest: string,
  me: ElectionServer,
  mine: { readonly contribution: Uint8Array; readonly sealingKey: SealingKey },
  shares: Readonly<Record<string, KeyShare>>,
): Uint8Array {
  const contributions = ELECTION_SERVERS.map((server) => {
    const share = shares[server];
    const contribution =
      server === me
        ? mine.contribution
        : openSeal(
            mine.sealingKey,
            contextOf(infoFor(digest, server, me)),
            new Uint8Array(0),
            new Uint8Array(Buffer.from(share?.sealed[me] ?? '', 'base64url')),
          );
    if (contribution === undefined || share?.commitment !== commitmentTo(digest, server, contribution))
      throw unusable(server, 'gave a part of the key that is not what it committed to');
    return contribution;
  });
  return sha256(utf8.encode(`mpc/1 verify key\n${digest}\n`), ...contributions);
}

const unusable = (server: string, what: string): MpcError =>
  new MpcError('election.key-share', `${server} ${what}`, {
    hint: 'cancel the election; look at that server before the next',
    place: { party: server },
    exitCode: EXIT.protocol,
  });

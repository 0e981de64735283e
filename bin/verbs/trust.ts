/**
 * Owns `mpc trust`: taking another organisation's card after its fingerprint was compared by voice, and showing whom is trusted.
 * Must never show the fingerprint that somebody is asked for, nor change a known key without being told to.
 */
import { createInterface } from 'node:readline/promises';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { cardFingerprint, isFingerprintOf, loadCard, withCard } from '../../src/config/card.ts';
import { fingerprint } from '../../src/identity/identity.ts';
import { FILES, OrganisationDirectory } from '../local/organisation.ts';

export interface AddOptions {
  readonly dir: string;
  /** What the other organisation read out; asked for on a terminal where it is not given. */
  readonly fingerprint?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

export async function trustAdd(file: string, options: AddOptions): Promise<void> {
  const directory = new OrganisationDirectory(options.dir);
  const card = loadCard(file);
  const { organisation, deployment } = directory.card();
  if (card.organisation === organisation)
    throw new MpcError('trust.own', `this card says that it is ${organisation}'s own`, {
      hint: "another organisation needs another name; one's own keys are added by mpc init",
      exitCode: EXIT.badData,
    });
  const trust = withCard({ ...directory.trust(), deployment }, card, options.replace === true);
  const runs = [
    ...Object.keys(card.keys),
    ...(card.broker === undefined ? [] : ['a broker that joins others']),
  ];
  process.stderr.write(`${card.organisation} says that it runs ${runs.join(', ')} of ${deployment}\n`);
  const said = options.fingerprint ?? (await asked(card.organisation));
  if (!isFingerprintOf(card, said))
    throw new MpcError('trust.fingerprint', `that is not the fingerprint of this card`, {
      hint: `somebody changed the card on its way, or it is an old one: ask ${card.organisation} for it again; nothing was added`,
      place: { file },
      exitCode: EXIT.noPermission,
    });
  directory.saveTrust(trust);
  if (options.json === true)
    process.stdout.write(
      `${JSON.stringify({ organisation: card.organisation, deployment, keys: card.keys })}\n`,
    );
  process.stderr.write(
    `${card.organisation} is trusted now. Roles read it when they start; a running broker on SIGHUP\n`,
  );
}

async function asked(organisation: string): Promise<string> {
  if (process.stdin.isTTY !== true)
    throw new MpcError('trust.unconfirmed', 'nobody has compared the fingerprint of this card', {
      hint: `ask ${organisation} for it by voice, and give --fingerprint`,
      exitCode: EXIT.noPermission,
    });
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(`its fingerprint, as ${organisation} reads it to you: `);
  } finally {
    lines.close();
  }
}

export function trustList(options: { readonly dir: string; readonly json?: boolean }): void {
  const directory = new OrganisationDirectory(options.dir);
  const own = directory.card();
  const { deployment, organisations } = directory.trust();
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ deployment, own: cardFingerprint(own), organisations })}\n`);
    return;
  }
  for (const [organisation, { keys, broker, authority }] of Object.entries(organisations)) {
    const isOwn = organisation === own.organisation;
    const all = { ...keys, ...(broker === undefined ? {} : { 'its broker': broker }) };
    process.stdout.write(
      [
        `${organisation}${isOwn ? `  (this one; its card, ${FILES.card}: ${cardFingerprint(own)})` : ''}`,
        ...Object.entries(all).map(([address, key]) => `  ${address.padEnd(16)} ${fingerprint(key)}`),
        ...(authority === undefined ? [] : ['  and its brokers’ certificates']),
        '',
      ].join('\n'),
    );
  }
}

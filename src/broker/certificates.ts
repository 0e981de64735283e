/**
 * Owns the certificates of an organisation's brokers, where it has none of its own: one authority (self-signed, P-256), and a
 * certificate for each address that a broker is reached at. X.509 by @peculiar/x509, keys and signatures by WebCrypto.
 * Must never let an authority's key be used for more than certificates, nor give out one that has begun in the future or never ends.
 */
import 'reflect-metadata'; // the library's own requirement; this file is loaded only where a certificate is made
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM texts. The key is PKCS #8, unencrypted: it goes into a file of mode 600 and nowhere else. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { ...CURVE, hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
/** Clocks of several organisations differ. */
const EARLIER_MS = DAY_MS;
const AUTHORITY_DAYS = 3650;
/** What an own authority signs is made anew by one command: two years. */
const BROKER_DAYS = 730;

/** An authority for one organisation's brokers, that may sign certificates and no further authorities. */
export async function makeAuthority(
  organisation: string,
  deployment: string,
  nowMs: number,
): Promise<Certified> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${organisation} brokers of ${deployment}`,
      ...lasting(nowMs, AUTHORITY_DAYS),
      keys,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate: lines(certificate), key: await pemOf(keys.privateKey) };
}

/**
 * A certificate for a broker that is reached at these host names and addresses; it also shows it to brokers that it joins.
 * `authority` is what `makeAuthority` made.
 */
export async function certifyBroker(
  authority: Certified,
  hosts: readonly string[],
  nowMs: number,
): Promise<Certified> {
  const issuer = new X509Certificate(authority.certificate);
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.create(
    {
      subject: `CN=${hosts[0] ?? 'broker'}`,
      issuer: issuer.subject,
      ...lasting(nowMs, BROKER_DAYS),
      publicKey: keys.publicKey,
      signingKey: await privateKey(authority.key),
      signingAlgorithm: SIGNATURE,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        await AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        new SubjectAlternativeNameExtension(
          hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
        ),
      ],
    },
    webcrypto,
  );
  return { certificate: lines(certificate), key: await pemOf(keys.privateKey) };
}

const newKeys = () => webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);

const lasting = (nowMs: number, days: number) => ({
  notBefore: new Date(nowMs - EARLIER_MS),
  notAfter: new Date(nowMs + days * DAY_MS),
});

const lines = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`;

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${bytes.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

function privateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', bytes, CURVE, false, ['sign']);
}

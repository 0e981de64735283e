/**
 * Owns what the NATS client's errors mean: in the bus's own words, and whether waiting may mend them.
 */
import { errors } from '@nats-io/transport-node';
import { EXIT, MpcError } from '../base/errors.ts';
import { busFaults } from './faults.ts';

/** OpenSSL's and Node's codes of a certificate that does not prove who the broker is. */
const BAD_CERTIFICATE = /CERT|ISSUER|SELF_SIGNED|VERIFY/;

/** Waiting does not mend a certificate, nor a broker that has none. Undefined for what may pass. */
export function whyDistrusted(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/server does not support 'tls'/.test(cause.message)) return 'it does not encrypt';
    if ('code' in cause && BAD_CERTIFICATE.test(String(cause.code))) return cause.message;
  }
  return undefined;
}

/** What a request failed with. */
export function requestFault(error: unknown, subject: string, timeoutMs: number): MpcError {
  if (error instanceof errors.TimeoutError) return busFaults.timeout(subject, timeoutMs);
  if (error instanceof errors.RequestError) {
    if (error.isNoResponders()) return busFaults.noResponders(subject);
    if (error.cause instanceof errors.PermissionViolationError) return busFaults.denied(error.message);
  }
  return busFaults.unavailable(
    `request on ${subject}`,
    error instanceof Error ? error.message : String(error),
  );
}

/** What the connection itself reports: nobody asked for it. */
export function connectionTrouble(error: Error): MpcError {
  if (error instanceof errors.PermissionViolationError || error instanceof errors.AuthorizationError)
    return busFaults.denied(error.message);
  if (/slow consumer/i.test(error.message))
    return new MpcError('bus.slow-consumer', 'the broker cut this connection off for reading too slowly', {
      exitCode: EXIT.temporary,
      hint: 'messages were lost; channels repeat theirs. If it happens often, this machine is overloaded',
    });
  return new MpcError('bus.trouble', `the broker reports: ${error.message}`, { exitCode: EXIT.temporary });
}

/**
 * Owns which web addresses a coordinator tells of changes: those whose origin its operator listed, and of these no host inside
 * this machine or link, whatever its name resolves to at that moment.
 * Must never let a party make the coordinator reach what only the coordinator can reach.
 */
import { BlockList, isIPv6 } from 'node:net';
import { EXIT, MpcError } from '../base/errors.ts';

export interface NotifyRules {
  /** Origins: scheme, host, and port where it is not the scheme's own. `https://told.example`, `http://10.0.0.5:8080`. */
  readonly allow: readonly string[];
  /** Addresses of this machine and its link are allowed, too: for trials. */
  readonly allowLocal: boolean;
}

const LOCAL = new BlockList();
LOCAL.addSubnet('127.0.0.0', 8, 'ipv4');
LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LOCAL.addAddress('::1', 'ipv6');
LOCAL.addSubnet('fe80::', 10, 'ipv6');

/** What is no host's address: this network, groups of hosts, reserved. */
const NO_HOST = new BlockList();
NO_HOST.addSubnet('0.0.0.0', 8, 'ipv4');
NO_HOST.addSubnet('224.0.0.0', 3, 'ipv4');
NO_HOST.addAddress('::', 'ipv6');
NO_HOST.addSubnet('ff00::', 8, 'ipv6');

/** The address to send a notice of that collaboration to. Throws `notify.not-allowed`. */
export function noticeUrl(endpoint: string, collaboration: string, { allow }: NotifyRules): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === undefined || !isWeb || url.username !== '' || url.password !== '')
    throw notAllowed('this is no web address without a password');
  const origins = allow.map((origin) => (URL.canParse(origin) ? new URL(origin).origin : undefined));
  if (!origins.includes(url.origin)) throw notAllowed(`${url.origin} is not among those that may be told`);
  const path = `${url.pathname.replace(/\/+$/, '')}/notify/${collaboration}`;
  return new URL(path, url.origin);
}

/** Refuses a network address that a name resolved to. Throws `notify.not-allowed`. */
export function checkAddress(address: string, { allowLocal }: NotifyRules): void {
  const embedded = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = embedded ?? address.replace(/%.*$/, '');
  const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
  // Any other way of writing an IPv4 address inside an IPv6 one is nobody's endpoint.
  const hidesIpv4 = family === 'ipv6' && /^(::|64:ff9b:|::ffff:)/i.test(plain) && plain !== '::1';
  if (NO_HOST.check(plain, family) || hidesIpv4 || (!allowLocal && LOCAL.check(plain, family)))
    throw notAllowed(`its host resolves to ${plain}, which is not outside`);
}

const notAllowed = (message: string): MpcError =>
  new MpcError('notify.not-allowed', `the endpoint is not told: ${message}`, {
    hint: "its origin must be in the coordinator's [notify] allow, and its host on another machine (or local = true)",
    exitCode: EXIT.noPermission,
  });

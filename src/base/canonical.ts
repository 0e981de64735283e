/**
 * Owns the one canonical text of a JSON value (RFC 8785 for the values we allow) and its digest, so that every role
 * that hashes or signs the same descriptor, plan or command gets the same bytes.
 * Must never accept what has two readings: only safe integers as numbers, no undefined, no cycles.
 */

import { hex, sha256, utf8 } from './bytes.ts';
import { assert } from './errors.ts';

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** Object keys sorted by UTF-16 code unit, no white space; properties that are undefined are left out. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    assert(Number.isSafeInteger(value), 'canonical JSON holds safe integers only');
    return `${value}`;
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let members = '';
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}

/** Hexadecimal SHA-256 of the canonical text under a domain-separating label. */
export function digestOf(label: string, value: Json): string {
  return hex.encode(sha256(utf8.encode(`mpc/1 ${label}\n${canonicalJson(value)}`)));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

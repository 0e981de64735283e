/**
 * Owns W3C trace context (https://www.w3.org/TR/trace-context/) as far as it is used: what is said to the log is a trace, under the
 * command's own id, so that its way can be found in every log of every role.
 * Must never make a trace of anything else: ids of commands are in the log for everyone, and link nothing that is not linked there.
 */
import { hex, sha256, utf8 } from './bytes.ts';

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const ZEROS = /^0+$/;

/** The `traceparent` under which a command (32 hexadecimal digits) is said for the n-th time; undefined for an id that cannot be a trace's. */
export function traceparentOf(commandId: string, attempt: number): string | undefined {
  const span = hex.encode(sha256(utf8.encode(`${commandId} ${attempt}`)).subarray(0, 8));
  const text = `00-${commandId}-${span}-01`;
  return traceIdIn(text) === undefined ? undefined : text;
}

/** The trace's id; undefined for what is no `traceparent`, which counts as none. Of later versions what all versions have is read. */
export function traceIdIn(traceparent: string): string | undefined {
  const [, version, traceId = '', parentId = '', more] = FORM.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  return ZEROS.test(traceId) || ZEROS.test(parentId) ? undefined : traceId;
}

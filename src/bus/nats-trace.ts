/**
 * Owns how a trace travels over NATS: one header, which the broker reads, too.
 */
import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';

const NAME = 'traceparent';

/** Bytes that a message grows by, at most: a header without the trace, and 55 characters of it. */
export const TRACE_BYTES = 100;

export function withTrace(trace: string | undefined): { readonly headers?: MsgHdrs } {
  if (trace === undefined) return {};
  const own = headers();
  own.set(NAME, trace);
  return { headers: own };
}

/** Several are none, as the standard says. */
export function traceOf({ headers: given }: Msg): { readonly trace?: string } {
  const [trace, ...others] = given?.values(NAME) ?? [];
  return trace === undefined || others.length > 0 ? {} : { trace };
}

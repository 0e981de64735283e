/**
 * Owns how a refusal of the party's client is shown: what happened, and what to do.
 */
import { Refusal } from './service.ts';

export function RefusalText({ refusal }: { readonly refusal: Refusal }) {
  return (
    <p role="alert" class="fault">
      {refusal.message}. {refusal.hint !== undefined && <span>{refusal.hint}.</span>}
    </p>
  );
}

export const refusalOf = (error: unknown): Refusal =>
  error instanceof Refusal
    ? error
    : new Refusal(0, {
        code: 'unreachable',
        detail: 'your client is not answering',
        hint: 'start it again, then try once more',
      });

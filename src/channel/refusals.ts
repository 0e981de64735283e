/**
 * Owns what a refused frame is called, and what to do about it. Built once: a flood of garbage allocates nothing here.
 * Must never quote a frame.
 */
import type { ErrorReport } from '../base/errors.ts';

const SAME = 'compare the fingerprints, the descriptor and the attempt on both sides';
const IGNORED = 'nothing was changed by it; if it goes on, look for who else publishes on this subject';

const TEXTS = {
  'channel.malformed': ['a frame is not of the channel’s form', IGNORED],
  'channel.version': [
    'a frame is of another version of the channel',
    'run the same version of mpc on both sides',
  ],
  'channel.oversized': ['a frame is longer than a message may be', IGNORED],
  'channel.other-topic': ['a frame belongs to another collaboration, descriptor or attempt', SAME],
  'channel.bad-signature': ['a handshake is not signed by the peer’s key for this conversation', SAME],
  'channel.weak-key': ['a handshake carries a key of small order', IGNORED],
  'channel.unexpected': ['a handshake frame came from the side that does not send it', IGNORED],
  'channel.stale-welcome': ['a welcome answers no hello that is open', IGNORED],
  'channel.flood': ['more handshakes came than are looked at', IGNORED],
  'channel.unknown-session': [
    'a sealed frame belongs to no session in use',
    'a restarted peer causes a few of these',
  ],
  'channel.unproved': ['a session’s frame came without the initiator’s signature', SAME],
  'channel.bad-seal': ['a sealed frame was changed on its way', IGNORED],
  'channel.replayed': [
    'a frame came again',
    'the broker repeats messages, or somebody does; it was not taken twice',
  ],
  'channel.beyond-window': [
    'a chunk came from beyond the window',
    'it will be sent again when there is room',
  ],
  'channel.bad-end': ['the peer’s stream has two ends, or goes on past its end', SAME],
  'channel.bad-status': ['the peer wants more than there is', SAME],
  'channel.unexpected-data': ['the peer sends data where none is due', SAME],
} as const;

export type Refusal = keyof typeof TEXTS;

const REPORTS: ReadonlyMap<Refusal, ErrorReport> = new Map(
  Object.entries(TEXTS).map(([code, [message, hint]]) => [code as Refusal, { code, message, hint }]), // its own keys
);

export function reportOfRefusal(refusal: Refusal): ErrorReport {
  return REPORTS.get(refusal)!;
}

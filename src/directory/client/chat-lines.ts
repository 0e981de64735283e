/**
 * Owns the words of the conversation between a person and `mpc chat`: what a line means, and how what happens is said.
 * Must never print a character that a terminal would obey: texts and names have been checked before they come here.
 */
import type { AccountView } from '../views.ts';
import { accountFingerprint, type Seen } from './pins.ts';
import type { Happening } from './reading.ts';

export type ChatLine =
  | { readonly do: 'nothing' | 'help' | 'logout' | 'delete' | 'quit' }
  | { readonly do: 'list'; readonly pattern: string }
  | { readonly do: 'send'; readonly text: string; readonly to: string }
  | { readonly do: 'trust'; readonly account: string }
  | { readonly do: 'explain'; readonly why: string };

export const HELP = [
  '\\help                   this',
  '\\list [pattern]         who has an account, and who is here; * is any text, ? any one character',
  '\\send text -> name      to an account; #ID instead of a name: to all who take part in that collaboration',
  '\\trust name             its key has changed, and its owner has told you so by voice',
  '\\logout                 sign out here, also of what mpc account login has opened',
  '\\delete                 delete this account',
  '\\quit                   leave (as Ctrl-C does); messages wait for you',
] as const;

export function parseChatLine(line: string): ChatLine {
  const text = line.trim();
  if (text === '') return { do: 'nothing' };
  const match = /^\\([a-z]+)(?:\s+(.*))?$/su.exec(text);
  if (match === null)
    return { do: 'explain', why: 'begin with \\send to write to somebody; \\help shows all' };
  const [, word = '', rest = ''] = match;
  switch (word) {
    case 'help':
    case 'logout':
    case 'delete':
    case 'quit':
      return rest === '' ? { do: word } : { do: 'explain', why: `\\${word} stands alone` };
    case 'list':
      return { do: 'list', pattern: rest === '' ? '*' : rest };
    case 'trust':
      return rest === '' ? { do: 'explain', why: 'write \\trust name' } : { do: 'trust', account: rest };
    case 'send':
      return sending(rest);
    default:
      return { do: 'explain', why: `there is no \\${word}; \\help shows all` };
  }
}

/** The last arrow counts: a text may have some of its own. */
function sending(rest: string): ChatLine {
  const arrow = rest.lastIndexOf('->');
  const text = arrow < 0 ? '' : rest.slice(0, arrow).trim();
  const to = arrow < 0 ? '' : rest.slice(arrow + 2).trim();
  if (text === '' || !/^(#[0-9a-f]{20}|[a-z0-9._-]{1,64})$/.test(to))
    return { do: 'explain', why: 'write \\send text -> name, or \\send text -> #ID of a collaboration' };
  return { do: 'send', text, to };
}

/** Lines to print, loud ones with `!!!`. */
export function sayHappening(happening: Happening, timeOf: (ms: number) => string): readonly string[] {
  switch (happening.kind) {
    case 'message': {
      const { from, text, collaboration, sentMs } = happening.message;
      return [`${timeOf(sentMs)} ${from}${collaboration === undefined ? '' : ` #${collaboration}`}: ${text}`];
    }
    case 'unproven':
      return [
        ...changedKey(happening.message.from, happening.seen),
        `!!! NOT PROVEN to be from ${happening.message.from}: ${happening.message.text}`,
      ];
    case 'unreadable':
      return [`!!! a message said to be from ${happening.from} cannot be shown: ${happening.fault.message}`];
    case 'undelivered':
      return [
        `*** ${happening.account} was deleted; ${happening.count} of your messages were not delivered to it`,
      ];
    case 'missed':
      return [`*** signed in again; ${happening.count} messages were shown at another place meanwhile`];
    case 'first-contact':
      return [
        `*** first contact with ${happening.account}: its key is ${happening.seen.what === 'changed' ? '' : accountFingerprint(happening.seen.keys)}; compare that by voice`,
      ];
    case 'connection':
      return [
        happening.up
          ? '*** connected'
          : `*** connection lost (${happening.why ?? 'closed'}); trying the others`,
      ];
  }
}

function changedKey(account: string, seen: Seen): readonly string[] {
  if (seen.what !== 'changed') return [];
  return [
    `!!! THE KEY OF ${account} HAS CHANGED`,
    `!!! it was ${accountFingerprint(seen.was)}, the coordinators now say ${accountFingerprint(seen.is)}`,
    `!!! ask ${account} by voice whether that is so, compare, and only then: \\trust ${account}`,
  ];
}

export const sayAccount = ({ account, places, party, keys }: AccountView): string =>
  `${places > 0 ? '*' : ' '} ${account}${party ? ' (party)' : ''}${keys === null ? '' : `  ${accountFingerprint(keys)}`}`;

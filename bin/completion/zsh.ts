/**
 * Owns the completion script of zsh. Must never run mpc: pressing a key costs no process.
 */
import { byPlace, byValue, quoted, walk } from './case.ts';
import type { Place, Value } from './tree.ts';

export function zshScript(places: readonly Place[]): string {
  return `#compdef mpc
# mpc: completion for zsh. Load it with: source <(mpc completion zsh), after compinit
_mpc() {
  local place=mpc value= i
  local -a offered
  ${walk(places, { list: 'words', first: 2, end: 'CURRENT' })}
  if [[ -n $value ]]; then
    # acme=rows.csv: what is behind the sign is the file
    compset -P '*='
    ${byValue(places, action)}
    return
  fi
  ${byPlace(places, offered)}
}
if [[ $funcstack[1] == _mpc ]]; then _mpc "$@"; else compdef _mpc mpc; fi
`;
}

function offered({ commands, flags, argument }: Place): string {
  const names = flags.flatMap((flag) => flag.names.map((name) => ({ name, description: flag.description })));
  const own = commands.length > 0 ? offer('command', commands) : action(argument);
  return `if [[ $PREFIX == -* ]]; then ${offer('option', names)}; else ${own}; fi`;
}

function action(value: Value | undefined): string {
  if (value?.kind === 'choice')
    return offer(
      'value',
      value.choices.map((name) => ({ name, description: '' })),
    );
  return value?.kind === 'file' ? '_files' : ':';
}

function offer(
  what: string,
  all: readonly { readonly name: string; readonly description: string }[],
): string {
  const items = all.map(({ name, description }) =>
    quoted(description === '' ? name : `${name}:${description.replaceAll('\\', '\\\\')}`),
  );
  return `offered=(${items.join(' ')}); _describe ${what} offered${what === 'option' ? ' -o' : ''}`;
}

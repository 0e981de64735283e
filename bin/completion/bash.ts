/**
 * Owns the completion script of bash (4 or newer). Must never run mpc: pressing a key costs no process.
 */
import { byPlace, byValue, quoted, walk } from './case.ts';
import type { Place, Value } from './tree.ts';

export function bashScript(places: readonly Place[]): string {
  return `# mpc: completion for bash. Load it with: source <(mpc completion bash)
_mpc() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place=mpc value= i
  COMPREPLY=()
  ${walk(places, { list: 'COMP_WORDS', first: 1, end: 'COMP_CWORD' })}
  [[ $previous == '=' ]] && return
  if [[ -n $value ]]; then
    ${byValue(places, action)}
    return
  fi
  ${byPlace(places, offered)}
}
complete -o default -o bashdefault -F _mpc mpc
`;
}

function offered({ commands, flags, argument }: Place): string {
  const names = flags.flatMap((flag) => flag.names);
  const own = commands.length > 0 ? words(commands.map(({ name }) => name)) : action(argument);
  return `if [[ $current == -* ]]; then ${words(names)}; else ${own}; fi`;
}

/** Without words of ours bash offers files by itself, unless it is told not to. */
function action(value: Value | undefined): string {
  if (value?.kind === 'choice') return words(value.choices);
  return value?.kind === 'file' ? ':' : 'compopt +o default +o bashdefault 2>/dev/null';
}

const words = (all: readonly string[]): string =>
  `COMPREPLY=($(compgen -W ${quoted(all.join(' '))} -- "$current"))`;

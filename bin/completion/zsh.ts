/**
 * Owns the completion script of zsh. Must never run mpc: pressing a key costs no process.
 */
import { alternatives, deeperPaths, type Place, quoted, type Value, valuedFlags } from './tree.ts';

export function zshScript(places: readonly Place[]): string {
  const values = valuedFlags(places);
  return `#compdef mpc
# mpc: completion for zsh. Load it with: source <(mpc completion zsh), after compinit
_mpc() {
  local place=mpc value= i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    if [[ -n $value ]]; then value=; continue; fi
    case "$place \${words[i]}" in
      ${alternatives(deeperPaths(places))}) place="$place \${words[i]}" ;;
      ${alternatives(values.flatMap(({ words }) => words))}) value=\${words[i]} ;;
    esac
  done
  if [[ -n $value ]]; then
    # acme=rows.csv: what is behind the sign is the file
    compset -P '*='
    case "$place $value" in
${values.map(({ words, value }) => `      ${alternatives(words)}) ${action(value)} ;;`).join('\n')}
    esac
    return
  fi
  case $place in
${places.map(placeCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _mpc ]]; then _mpc "$@"; else compdef _mpc mpc; fi
`;
}

function placeCase({ path, commands, flags, argument }: Place): string {
  const names = flags.flatMap((flag) => flag.names.map((name) => ({ name, description: flag.description })));
  const own = commands.length > 0 ? offer('command', commands) : action(argument);
  return `    ${quoted(path)}) if [[ $PREFIX == -* ]]; then ${offer('option', names)}; else ${own}; fi ;;`;
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

/**
 * Owns the completion script of fish. Must never run mpc: pressing a key costs no process.
 */
import { deeperPaths, type Flag, type Place, type Value, valuedFlags } from './tree.ts';

export function fishScript(places: readonly Place[]): string {
  return `# mpc: completion for fish. Load it with: mpc completion fish | source
function __mpc_at
    set -l place mpc
    set -l isvalue no
    for word in (commandline -opc)[2..-1]
        if test $isvalue = yes
            set isvalue no
            continue
        end
        switch "$place $word"
            case ${deeperPaths(places).map(quoted).join(' ')}
                set place "$place $word"
            case ${valuedFlags(places)
              .flatMap(({ words }) => words.map(quoted))
              .join(' ')}
                set isvalue yes
        end
    end
    test "$place" = "$argv[1]"
end
${places.flatMap(placeLines).join('\n')}
`;
}

function placeLines({ path, commands, flags, argument }: Place): string[] {
  const here = `complete -c mpc -n ${quoted(`__mpc_at ${quoted(path)}`)}`;
  const own =
    commands.length > 0
      ? commands.map(({ name, description }) => `${here} -f -a ${quoted(name)} -d ${quoted(description)}`)
      : [`${here} ${valueText(argument)}`];
  return [...own, ...flags.map((flag) => `${here} ${flagText(flag)}`)];
}

function flagText({ names, description, value }: Flag): string {
  const words = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...words, ...(value === undefined ? [] : ['-r', valueText(value)]), '-d', quoted(description)].join(
    ' ',
  );
}

function valueText(value: Value | undefined): string {
  if (value?.kind === 'choice') return `-f -a ${quoted(value.choices.join(' '))}`;
  return value?.kind === 'file' ? '-F' : '-f';
}

/** In single quotes fish knows two escapes. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
